"""Pure: stock CSV bytes + gift cards + missed sales -> fixed bytes + report."""
