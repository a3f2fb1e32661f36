// Package htmlpage is what all pages of samkeeper share: the frame, the
// stylesheet and the headers.
//
// Pages run no script, load nothing from anywhere, may not be framed, send no
// referrer (an address may carry a function key) and are never stored. The
// stylesheet is inlined and allowed by its hash alone. Pages follow the
// reader's light or dark preference and fold tables into cards on narrow
// screens.
//
// Content templates define "title" and "main". Everything a template prints is
// escaped by html/template. As of 2026-11.
package htmlpage
