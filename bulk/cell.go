package bulk

import "strings"

// formulaStarts are the characters at which a spreadsheet takes a cell for a formula. The line end is among them because a
// carriage return before it does not survive being read (see [asRead]).
const formulaStarts = "=+-@\t\r\n"

// neutral returns a text as it is written into a file (CSV-07): one that a spreadsheet would take for a formula gets an
// apostrophe in front. So does one that begins with apostrophes and goes on like a formula, or [plain] could not tell which
// apostrophe is whose.
func neutral(text string) string {
	if formula(strings.TrimLeft(text, "'")) {
		return "'" + text
	}
	return text
}

// neutralPhone is neutral for telephone numbers, which keep their leading "+" (CSV-07).
func neutralPhone(text string) string {
	if number, found := strings.CutPrefix(text, "+"); found && strings.Trim(number, "0123456789 ().-/") == "" {
		return text
	}
	return neutral(text)
}

// plain takes away exactly what neutral has put in front, and nothing else.
func plain(cell string) string {
	if rest, found := strings.CutPrefix(cell, "'"); found && formula(strings.TrimLeft(rest, "'")) {
		return rest
	}
	return cell
}

func formula(text string) bool {
	return text != "" && strings.IndexByte(formulaStarts, text[0]) >= 0
}

// asRead returns a text as it comes back out of a file: the CSV reader takes every line end in a cell for "\n" (RFC 4180 does
// not say how else to tell them apart).
func asRead(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }
