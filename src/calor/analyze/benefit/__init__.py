"""Who benefits: effects that change with a baseline biomarker, and the guards around them."""
