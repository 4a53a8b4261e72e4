"""Results become tables, figures and documents; nothing is computed here."""
