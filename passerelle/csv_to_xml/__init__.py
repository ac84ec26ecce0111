"""Pure: order CSV bytes -> orders (``order_csv``); orders -> sales XML bytes (``sales_xml``)."""

from passerelle.csv_to_xml.order_csv import OrderFile, read_orders
from passerelle.csv_to_xml.sales_xml import Forms, SalesXml, compile_forms, write_sales

__all__ = ["Forms", "OrderFile", "SalesXml", "compile_forms", "read_orders", "write_sales"]
