package main

import (
	"fmt"
	"net/http"

	"github.com/spf13/cobra"
)

func healthCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "health",
		Short: "Is the app live and configured?",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			const path = "/api/health"
			body, code, err := o.ask(cmd.Context(), path)
			if err != nil {
				return err
			}
			if code != http.StatusOK && code != http.StatusServiceUnavailable {
				return explain(path, code)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s\n", body)
			if code != http.StatusOK {
				return errWrong
			}
			return nil
		},
	}
}
