"""Criteria over health records: eligible, ineligible or undetermined, and why; the ranked worklist."""
