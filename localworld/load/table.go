package load

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// row is one line of the table: a number of a sweep, and how it is written.
type row struct {
	name  string
	value func(Sweep) string
}

func number(format string, of func(Sweep) float64) func(Sweep) string {
	return func(s Sweep) string { return fmt.Sprintf(format, of(s)) }
}

var rows = []row{
	{"wall time, s", number("%.1f", func(s Sweep) float64 { return s.WallS })},
	{"  of which opening the run, s", number("%.1f", func(s Sweep) float64 { return s.OpenS })},
	{"jobs a second", number("%.1f", func(s Sweep) float64 { return float64(s.Jobs) / s.WallS })},
	{"outcomes expected", number("%.0f", func(s Sweep) float64 { return float64(s.Expected) })},
	{"  done / skipped / failed", func(s Sweep) string { return fmt.Sprintf("%d / %d / %d", s.Done, s.Skipped, s.Failed) }},
	{"per customer: requests", number("%.2f", func(s Sweep) float64 { return s.per(float64(s.Requests)) })},
	{"per customer: storage operations", func(s Sweep) string {
		if s.StorageOps == 0 {
			return "not counted"
		}
		return fmt.Sprintf("%.2f", s.per(float64(s.StorageOps)))
	}},
	{"per customer: messages", number("%.3f", func(s Sweep) float64 { return s.per(float64(s.Messages)) })},
	{"per customer: handler CPU, ms", number("%.2f", func(s Sweep) float64 { return s.per(s.CPUS) * 1000 })},
	{"per customer: in invocations, ms", number("%.0f", func(s Sweep) float64 { return s.per(s.BilledS) * 1000 })},
	{"  of which answers under way, ms", number("%.0f", func(s Sweep) float64 { return s.per(s.UpstreamS) * 1000 })},
	{"  of which neither that nor CPU, ms", number("%.0f", func(s Sweep) float64 { return s.per(s.BilledS-s.UpstreamS-s.CPUS) * 1000 })},
	{"answers 429, %", number("%.2f", func(s Sweep) float64 { return 100 * float64(s.Refused) / float64(max(1, s.Requests)) })},
	{"handler peak memory, MiB", number("%.0f", func(s Sweep) float64 { return s.PeakMiB })},
	{"  opened / swept / closed", func(s Sweep) string {
		return fmt.Sprintf("%.0f / %.0f / %.0f", s.Peaks.Opened, s.Peaks.Swept, s.Peaks.Closed)
	}},
}

// Print writes the report as a table.
func (r *Report) Print(out io.Writer) {
	fmt.Fprintf(out, "\nSweeps, 3 reads a customer, answers after %s, published limits %s, storage: %s\n", r.Latency, onOff(r.Limits), r.Storage)
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "customers (instances)\t")
	for _, s := range r.Sweeps {
		fmt.Fprintf(w, "%d (%d)\t", s.Customers, s.Instances)
	}
	fmt.Fprintln(w)
	for _, row := range rows {
		fmt.Fprint(w, row.name, "\t")
		for _, s := range r.Sweeps {
			fmt.Fprint(w, row.value(s), "\t")
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush()
	for i, ratio := range r.Ratios() {
		fmt.Fprintf(out, "A customer among %d costs %.2f × the requests, %.2f × the storage operations, %.2f × the CPU of one among %d; peak memory %.2f ×\n",
			r.Sweeps[i+1].Customers, ratio.Requests, ratio.StorageOps, ratio.CPU, r.Sweeps[0].Customers, ratio.Memory)
	}
	if e := r.Enqueues; e != nil {
		fmt.Fprintf(out, "%d enqueues: %.0f a second, a plain loop %.0f a second: ratio %.2f\n",
			e.Messages, float64(e.Messages)/e.OursS, float64(e.Messages)/e.PlainS, e.Ratio())
	}
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
