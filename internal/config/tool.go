package config

// ParseTool is Parse for programs that no host starts: they need no port.
func ParseTool(env func(string) string) (Config, error) {
	r := &reader{env: env}
	return r.result(r.config())
}

// ParseStorage reads what a program needs that works on the storage account
// alone: cloud, account, identity and how long a run may take. All other fields
// of the Config are zero, and their settings may be missing or wrong.
func ParseStorage(env func(string) string) (Config, error) {
	r := &reader{env: env}
	c := Config{
		Cloud:            r.cloud(envCloud),
		IdentityClient:   r.guid(envIdentityClient),
		PlatformIdentity: r.value(envIdentityEndpoint) != "",
		RunDeadline:      r.duration(envRunDeadline),
	}
	c.Storage = r.storage(c.Cloud)
	return r.result(c)
}
