"""The words that every room uses, and the values that go with them: no files, no clocks.

*Sold* is what an order takes out of stock (:class:`~passerelle.model.orders.Sold`). A *sale* is the
document by which the ERP itself books an order: receipt or invoice, issued under ``[fulfil]``
(:class:`~passerelle.model.records.KnownSale`). *Missed* is what was sold on the web and the ERP's
stock file does not include yet (``passerelle.rules.missed_sales``): people, and ``missed_sales`` in
the config, call that a missed sale. *Taken*: what was put on a server is gone from its place, so
that the ERP, or the shop, has imported it. *Published*: it is complete under its final name, where
others read it; an XML's time of that is told by its server's clock.
"""
