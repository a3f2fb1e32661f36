// Package schedule says when a timer trigger fires: NCRONTAB expressions of
// six fields ({second} {minute} {hour} {day} {month} {weekday}), plain crontab
// of five, and TimeSpans. All times are UTC; occurrences have whole seconds.
//
// A day must match the day-of-month AND the weekday field. That is NCrontab's
// rule, unlike the OR of classic cron. Ranges given backwards are swapped,
// names match by prefix in any case ("mon", "September"), a step after a single
// value runs to the field's end ("5/15"), and 7 is not Sunday, as in NCrontab.
//
// [Status] is what the host keeps per timer between starts, and the pure rules
// on it: past due, schedule changed, advance after a run.
//
// Sources: section 5.3 of the project's host reference; NCrontab CrontabField
// and CrontabFieldImpl; ScheduleMonitor and TimerListener of the WebJobs
// extensions. As of November 2026.
package schedule
