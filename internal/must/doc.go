// Package must is for tests whose next step makes no sense after an error. In:
// what a call returned. Out: its value, or the end of the test at the line that
// called; begin in must.go. What an error should say is for the test itself.
package must
