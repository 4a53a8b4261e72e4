"""PET/CT series to SUV, vessel segments and TBR; blinded paired reads and their reliability."""
