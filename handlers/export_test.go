package handlers

// Routes shows the table to the external tests.
func Routes() []Route { return (&edge{}).routes() }
