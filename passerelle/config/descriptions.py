"""What each key of config.toml means, as editors show it beside the key.

Tables are described by their models' docstrings; ``*`` stands for any name.
"""

from collections.abc import Mapping

_NAMES = "A name or a list of names, of which the first one present counts."
DESCRIPTIONS: Mapping[str, str] = {
    "folder": "Where the ledger, Trace1, Trace2 and the archives live; relative to this file.",
    "language": 'Of messages, traces, report and mails: "fr", "en", or "auto" for the system\'s.',
    "time_limit": 'How long a whole run may take, waits for servers included, as in "2m".',
    "servers": 'The servers: any name, used below as "name:path".',
    "servers.*.url": (
        "ftp://user@host:21/folder, ftps:// (explicit TLS), ftps-implicit://, sftp://, "
        "file:///D:/folder or a plain folder. No password in it. On FTP the path starts at the "
        "login folder, //folder at the root; on SFTP at the root, /~/folder at the login folder."
    ),
    "servers.*.password": (
        '"keyring" (`passerelle secret set NAME`), "env:NAME" for an environment variable, or '
        "the word itself, about which `check` warns."
    ),
    "servers.*.passive": "FTP: the client opens the data connections.",
    "servers.*.timeout": 'How long one answer of the server may take, as in "20s".',
    "servers.*.publish": (
        '"rename": files appear whole under their name. "direct" for servers that forbid '
        "renaming: a weaker promise, see docs/architecture.md."
    ),
    "servers.*.known_hosts": "SFTP: the file of host keys; empty for ~/.ssh/known_hosts.",
    "servers.*.key_file": (
        "SFTP: the private key to log in with; `password` is then its passphrase."
    ),
    "servers.*.verify_tls": "FTPS: check the server's certificate.",
    "servers.*.settle": (
        "A source file younger than a minute is measured twice, this far apart; one that grows "
        "is not ready (exit code 4)."
    ),
    "orders.from": 'The order CSV that the shop writes, as "server:path".',
    "orders.to": (
        'The sales XML for the ERP, as "server:path". {time} becomes YYYYMMDD_HHMMSS; without it, '
        "a new XML waits until the ERP has taken the last one."
    ),
    "orders.start_from": (
        "Orders older than this were handled by the previous system and are skipped. A date and "
        "time without quotes, as in 2026-11-22T00:00:00; needs columns.date."
    ),
    "orders.channel": "Part of an order's identity in the ledger.",
    "orders.store": 'The ERP\'s store number, for example "008".',
    "orders.encoding": 'Of the order CSV. "auto": BOM, else strict UTF-8, else cp1252.',
    "orders.separator": 'Of the order CSV\'s fields. "auto": the one of ; , tab | : that fits.',
    "orders.final_newline": (
        "A file whose last line does not end is not whole: nothing is read from it (exit code 4)."
    ),
    "orders.send_statuses": (
        "Orders in these statuses are sent, others wait; empty: any but the cancelled ones."
    ),
    "orders.cancelled_statuses": "Orders in these statuses are cancelled: never sent.",
    "orders.columns.id": f"The order's id, by which it is known; required. {_NAMES}",
    "orders.columns.reference": f"The order's reference, which people read. {_NAMES}",
    "orders.columns.date": f"When the order was placed. {_NAMES}",
    "orders.columns.status": f"The order's status in the shop. {_NAMES}",
    "orders.columns.payment": f"How it was paid: `withhold.payments` looks here. {_NAMES}",
    "orders.columns.voucher": f"Voucher codes: `withhold.vouchers` looks here. {_NAMES}",
    "orders.columns.first_name": f"The customer's first name. {_NAMES}",
    "orders.columns.last_name": f"The customer's last name. {_NAMES}",
    "orders.columns.company": f"The customer's company. {_NAMES}",
    "orders.columns.vat_number": (
        f"The customer's VAT number: it stands in sales only, see fulfil.document. {_NAMES}"
    ),
    "orders.columns.email": f"The customer's e-mail address. {_NAMES}",
    "orders.columns.phone": f"The customer's phone number. {_NAMES}",
    "orders.columns.address1": f"The first line of the address. {_NAMES}",
    "orders.columns.address2": f"The second line of the address. {_NAMES}",
    "orders.columns.postcode": f"The postcode. {_NAMES}",
    "orders.columns.city": f"The city. {_NAMES}",
    "orders.columns.country": f"The country. {_NAMES}",
    "orders.columns.carrier": f"The carrier's name. {_NAMES}",
    "orders.columns.shipping": f"The order's shipping costs, tax included. {_NAMES}",
    "orders.columns.discount": f"The order's discounts, tax included. {_NAMES}",
    "orders.columns.total_paid": f"What was paid for the order, tax included. {_NAMES}",
    "orders.columns.ean13": (
        f"The product's item number; this or product_reference is required. {_NAMES}"
    ),
    "orders.columns.product_id": f"The product's id in the shop. {_NAMES}",
    "orders.columns.product_reference": (
        f"The product's reference; this or ean13 is required. {_NAMES}"
    ),
    "orders.columns.product_name": f"The product's name. {_NAMES}",
    "orders.columns.quantity": f"How many were sold; required. {_NAMES}",
    "orders.columns.unit_price": f"The price of one, tax included; required. {_NAMES}",
    "orders.columns.vat_rate": f"The rate of VAT in percent. {_NAMES}",
    "orders.withhold.payments": (
        "An order whose payment field contains one of these is withheld: the store enters it at "
        "the till."
    ),
    "orders.withhold.vouchers": (
        'An order with a voucher code that fits one of these patterns, like "GC-*", is withheld.'
    ),
    "orders.xml.encoding": (
        'Of the sales XML, for example "ISO-8859-1": characters it lacks become references.'
    ),
    "orders.xml.decimal": "The decimal mark of amounts.",
    "orders.xml.date_format": 'How dates are written, in the letters of strftime: "%d/%m/%Y".',
    "orders.xml.schema": "An .xsd file: what does not validate against it is not sent.",
    "orders.xml.stylesheet": (
        "An .xsl file that turns the canonical tree into the ERP's own layout; `names` is then "
        "not used."
    ),
    "orders.xml.names": "Canonical element = the ERP's name for it.",
    "orders.xml.payments": "Payment text = the ERP's code for it.",
    "fulfil.enabled": (
        "Whether each order's sale is issued too, once its status allows it: docs/fulfilment.md."
    ),
    "fulfil.when_statuses": "An order that has one of these statuses gets its sale.",
    "fulfil.document": (
        '"invoice" or "receipt"; "auto": an invoice for a customer with a company or a VAT number.'
    ),
    "fulfil.to": (
        'The XML of one sale for the ERP, as "server:path". {time} becomes YYYYMMDD_HHMMSS and '
        "must stand in the name; {id} is the order's id."
    ),
    "fulfil.start_from": (
        "Orders older than this never get a sale: the moment at which fulfilment is switched on. "
        "A date and time without quotes, as in 2026-11-22T00:00:00."
    ),
    "fulfil.order": 'Which orders get their stock first: the "oldest" or the "newest".',
    "fulfil.repeat": (
        'An order that is sent again and has its sale: "remember" sends the order only, '
        '"again" issues the sale anew, as some ERPs expect.'
    ),
    "fulfil.refused": (
        'The folder, as "server:path", where the ERP puts the XML of a sale that it would not '
        "take; empty: what the ERP took counts as done."
    ),
    "fulfil.xml.encoding": (
        'Of the sale\'s XML, for example "ISO-8859-1": characters it lacks become references.'
    ),
    "fulfil.xml.decimal": "The decimal mark of amounts.",
    "fulfil.xml.date_format": 'How dates are written, in the letters of strftime: "%d/%m/%Y".',
    "fulfil.xml.stylesheet": (
        "An .xsl file that turns the canonical sale into the ERP's own layout; `names` is then "
        "not used."
    ),
    "fulfil.xml.names": "Canonical element = the ERP's name for it.",
    "fulfil.xml.payments": "Payment text = the ERP's code for it.",
    "stock.from": 'The ERP\'s stock file, ExportCSV, as "server:path".',
    "stock.to": 'The file that the shop\'s import reads, ExportCSVmod, as "server:path".',
    "stock.encoding": 'Of the stock CSV. "auto": BOM, else strict UTF-8, else cp1252.',
    "stock.separator": 'Of the stock CSV\'s fields. "auto": the one of ; , tab | : that fits.',
    "stock.missed_sales": (
        'What becomes of a product sold on the web that the ERP has not heard of: "zero" its '
        'quantity, "remove" its line, or "subtract" what was sold.'
    ),
    "stock.withheld_is_missed": "Gift card orders hold their products back until settled.",
    "stock.columns.ean13": f"The item number; required. {_NAMES}",
    "stock.columns.quantity": f"The level; required. {_NAMES}",
    "stock.gift_cards.column": "The column that carries a product id.",
    "stock.gift_cards.ids": 'The gift cards\' product ids, for example ["1201", "1202"].',
    "stock.gift_cards.quantity": "The level that gift cards are published with.",
    "stock.gift_cards.fill": 'Other columns of an added line, for example { "Nom" = "Carte" }.',
    "stock.guards.max_age": "An older file of the ERP is not published (exit code 6).",
    "stock.guards.max_drop": (
        "The share of lines in stock, against the last published file, by which they may fall: "
        "0.30 is 30 %. More is not published (exit code 6)."
    ),
    "stock.guards.min_lines": "Fewer lines in stock are not published (exit code 6).",
    "stock.guards.final_newline": "A last line without its end is a cut file (exit code 6).",
    "pool.owner": (
        'Whose the levels are: "pool": orders and changes by hand in the shops move them; "erp": '
        "they are those of the ERP's file ([stock] from), less the sales that it lacks."
    ),
    "pool.max_drop": (
        "The share of a shop's items that one run may set to 0: 0.30 is 30 %. A run that would "
        "set more holds (exit code 6) until `passerelle run pool --accept`."
    ),
    "pool.max_change": (
        "The share of a shop's items whose level one run may change. A run that would change more "
        "holds (exit code 6) until `passerelle run pool --accept`."
    ),
    "pool.max_age": (
        'A shop whose own file of levels is older gets nothing (exit code 6), as in "1d".'
    ),
    "pool.shops": "The shops: any name. The first one begins the pool, the others join it.",
    "pool.shops.*.orders_from": 'The order CSV that the shop writes, as "server:path".',
    "pool.shops.*.stock_from": 'The levels that the shop shows, as "server:path".',
    "pool.shops.*.stock_to": (
        'What the shop\'s import reads, and deletes, as "server:path": its own file of levels, in '
        "which only quantities are changed."
    ),
    "pool.shops.*.encoding": 'Of both files. "auto": BOM, else strict UTF-8, else cp1252.',
    "pool.shops.*.separator": 'Of both files\' fields. "auto": the one of ; , tab | : that fits.',
    "pool.shops.*.final_newline": "A file whose last line does not end is not whole.",
    "pool.shops.*.cancelled_statuses": "Orders in these statuses are cancelled: they sell nothing.",
    "pool.shops.*.buffer": "So many units of each item are never shown in this shop.",
    "pool.shops.*.exclude": "Item numbers that take no part in this shop: never read, never set.",
    "pool.shops.*.in_erp_after": (
        'With owner = "erp", for a shop whose orders [orders] does not send to the ERP: how long '
        'after an order the ERP\'s stock includes it, as in "1h".'
    ),
    "pool.shops.*.columns.ean13": f"The item number in the file of levels. {_NAMES}",
    "pool.shops.*.columns.quantity": f"The level in the file of levels. {_NAMES}",
    "pool.shops.*.order_columns.id": f"The order's id, by which it is known; required. {_NAMES}",
    "pool.shops.*.order_columns.date": f"When the order was placed. {_NAMES}",
    "pool.shops.*.order_columns.status": f"Tells cancelled orders. {_NAMES}",
    "pool.shops.*.order_columns.ean13": f"The item number; required. {_NAMES}",
    "pool.shops.*.order_columns.quantity": f"How many were sold; required. {_NAMES}",
    "trace.max_size": "When Trace1 or Trace2 is bigger, both move to ArchiveTrace.",
    "archive.keep_exports": (
        "How long ArchiveExport is kept. It holds customers' addresses: no longer than needed."
    ),
    "archive.keep_traces": "How long ArchiveTrace is kept.",
    "schedule.orders": (
        "The minutes of each hour at which `run orders` starts: after the shop wrote its orders, "
        "before the ERP imports. After a change: `passerelle schedule install`."
    ),
    "schedule.stock": (
        "The minutes of each hour at which `run stock` starts: after the ERP wrote its stock, "
        "before the shop sets its own. After a change: `passerelle schedule install`."
    ),
    "schedule.pool": (
        "The minutes of each hour at which `run pool` starts: after the shops wrote their orders "
        "and levels, before they set their own. After a change: `passerelle schedule install`."
    ),
    "chain.erp_takes_orders": (
        "The minutes of each hour at which the ERP imports the XML and deletes it."
    ),
    "chain.erp_writes_stock": "The minutes of each hour at which the ERP writes ExportCSV.",
    "chain.shop_takes_stock": (
        "The minutes of each hour at which the shop reads ExportCSVmod and deletes it."
    ),
    "chain.grace": 'How late each of them may be, as in "10m".',
    "chain.orders_quiet": (
        'An order CSV older than this is told: does the shop still export? As in "3d".'
    ),
    "report.after_runs": "report.html is written after each run too.",
    "report.currency": "The currency of the shop's prices, as the report shows it.",
    "alerts.urls": (
        'Whom to tell when a run fails or holds, as apprise writes it: "mailto://…", '
        '"msteams://…". The addresses hold secrets: keep this file to yourself.'
    ),
}
