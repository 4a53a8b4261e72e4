"""The only code that writes to the database; each action checks the right, writes and audits in one transaction."""
