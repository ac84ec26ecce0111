"""Pure: order CSV bytes -> orders (``order_csv``); orders -> XML bytes (``sales_xml``)."""

from passerelle.csv_to_xml.forms import Forms, compile_forms, compile_sale_forms, named_schemas
from passerelle.csv_to_xml.order_csv import OrderFile, Readings, read_orders
from passerelle.csv_to_xml.sales_xml import SalesXml, write_sale, write_sales

__all__ = [
    "Forms",
    "OrderFile",
    "Readings",
    "SalesXml",
    "compile_forms",
    "compile_sale_forms",
    "named_schemas",
    "read_orders",
    "write_sale",
    "write_sales",
]
