package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/samkeeper/samkeeper/internal/config"
)

// verdict is the JSON of check.
type verdict struct {
	Valid       bool    `json:"valid"`
	Faults      []fault `json:"faults"`
	RedirectURI string  `json:"redirect_uri,omitempty"`
	ConsentURL  string  `json:"consent_url,omitempty"`
}

// fault is one thing wrong with one setting.
type fault struct {
	Setting string `json:"setting"`
	Plain   string `json:"plain"`
	Fix     string `json:"fix"`
}

func checkCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Check the settings, all faults at once, without calling out",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			env, err := settings(o.settings, o.env)
			if err != nil {
				return err
			}
			cfg, err := config.ParseTool(env)
			var faults *config.Faults
			if err != nil && !errors.As(err, &faults) {
				return err
			}
			return o.tellVerdict(cmd, cfg, faults)
		},
	}
}

// settings reads names from the environment first, as the host does.
func settings(file string, env func(string) string) (func(string) string, error) {
	if file == "" {
		return env, nil
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the settings: %w", err)
	}
	var local struct{ Values map[string]string }
	if err := json.Unmarshal(raw, &local); err != nil {
		return nil, fmt.Errorf("reading the settings: %s is not a local.settings.json: %w", file, err)
	}
	return func(name string) string {
		if v := env(name); v != "" {
			return v
		}
		return local.Values[name]
	}, nil
}

func (o *options) tellVerdict(cmd *cobra.Command, cfg config.Config, faults *config.Faults) error {
	v := verdict{Valid: faults == nil, Faults: []fault{}}
	if faults != nil {
		for _, f := range faults.List {
			v.Faults = append(v.Faults, fault(f))
		}
	} else {
		v.RedirectURI, v.ConsentURL = cfg.RedirectURI(), cfg.ConsentURL()
	}
	out := cmd.OutOrStdout()
	switch {
	case o.json():
		if err := writeJSON(out, v); err != nil {
			return err
		}
	case v.Valid:
		fmt.Fprintf(out, "The settings are right.\n  register this redirect URI (web):  %s\n  sign in here:                      %s\n", v.RedirectURI, v.ConsentURL)
	default:
		fmt.Fprintf(out, "%d settings are wrong:\n", len(v.Faults))
		for _, f := range v.Faults {
			fmt.Fprintf(out, "  %s\n", config.Fault(f).Error())
		}
	}
	if !v.Valid {
		return errWrong
	}
	return nil
}
