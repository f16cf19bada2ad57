"""Results as other tools take them: xarray, the EMA workbench, SALib. None of these is imported before it is asked for."""
