"""What is kept, how long, and what is blacked out."""
