"""The safety board's reports: a frozen cut of the data, one report without arms, one by coded arms."""
