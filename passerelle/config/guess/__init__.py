"""Pure: the beginning of a shop's or an ERP's CSV file -> which column may mean what."""
