"""What every number and block means: the executable specification, in numpy alone."""
