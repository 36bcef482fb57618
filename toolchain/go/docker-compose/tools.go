//go:build tools

// Package tools names the program that the bench builds from this module. A module of its own keeps the versions of
// all that the program is built from in the repository.
package tools

import _ "github.com/docker/compose/v5/cmd"
