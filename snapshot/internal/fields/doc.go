// Package fields walks what a struct's JSON form holds, by the same names: a
// struct flows in, names and values flow out. The files in JSON and the tables and
// quantities made of the same structs so have one list of names.
// Begin in fields.go.
package fields
