// Package testmodels writes tiny models in every layout that the program
// reads, for tests of any package. All but one are made by package build; none
// is larger than 600 kB. Begin in testmodels.go.
package testmodels
