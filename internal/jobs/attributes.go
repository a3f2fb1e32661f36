package jobs

import (
	"log/slog"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// The attributes of this package's log lines, with their keys.

func inRun(id string) slog.Attr { return slog.String("run", id) }

func atCustomer(id sam.CustomerID) slog.Attr { return slog.String("customer_id", string(id)) }

func ofTask(name string) slog.Attr { return slog.String("task", name) }

func ofConnection(id sam.ConnectionID) slog.Attr { return slog.String("connection", string(id)) }

func failure(err error) slog.Attr { return slog.Any("error", err) }
