"""What builds the Windows programs from the source."""
