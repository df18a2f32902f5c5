// Package plain is the one door at which escape sequences die.
//
// Names, reasons and messages come from strangers: from models, result files,
// engines and their logs. What is shown of them must not move a cursor, set a
// title, turn the direction of writing or break the file that it stands in. In
// flow texts, out flow the same without control characters (Text, Line, and
// Writer for a whole stream), as data in JSON (JSON), as a field that a
// spreadsheet takes for a text (Cell). It changes nothing else.
// Begin in plain.go.
package plain
