"""Health records in: OMOP tables and FHIR, on any engine. The only place that knows their source formats."""
