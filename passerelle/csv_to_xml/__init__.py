"""Pure: order CSV bytes -> orders (``order_csv``); orders -> XML bytes (``sales_xml``)."""
