// Command screen shows the screen over simulated data, to look at it while
// working on it. It is no part of the product. Begin in main.go.
package main
