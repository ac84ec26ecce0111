"""The ledger: what was seen, sent and taken. The only room that speaks SQL."""
