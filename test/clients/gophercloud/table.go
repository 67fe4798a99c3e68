// What this program tells: rows as JSON lines, and what the library has.

package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const library = "github.com/gophercloud/gophercloud/openstack/containerinfra"

// say writes one line of the protocol.
func say(line map[string]interface{}) {
	text, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(text))
}

// exported lists the exported functions of the library's packages (not the methods), as "clusters.Create".
func exported() ([]string, error) {
	names := []string{}
	top, err := build.Import(library+"/v1/clusters", "", build.FindOnly)
	if err != nil {
		return nil, err
	}
	root := filepath.Dir(filepath.Dir(top.Dir))
	found, err := filepath.Glob(filepath.Join(root, "v1", "*", "requests.go"))
	if err != nil {
		return nil, err
	}
	dirs := []string{filepath.Join(root, "apiversions")}
	for _, file := range found {
		dirs = append(dirs, filepath.Dir(file))
	}
	for _, dir := range dirs {
		parsed, err := parser.ParseDir(token.NewFileSet(), dir, func(info os.FileInfo) bool {
			return !strings.HasSuffix(info.Name(), "_test.go")
		}, 0)
		if err != nil {
			return nil, err
		}
		for name, one := range parsed {
			for _, file := range one.Files {
				for _, declaration := range file.Decls {
					function, ok := declaration.(*ast.FuncDecl)
					if ok && function.Recv == nil && function.Name.IsExported() {
						names = append(names, name+"."+function.Name.Name)
					}
				}
			}
		}
	}
	return names, nil
}

// row makes a call and writes how it went.
func row(call string, run func() error, covers ...string) bool {
	line := map[string]interface{}{"call": call, "covers": covers, "result": "passed"}
	if len(covers) == 0 {
		line["covers"] = []string{call}
	}
	err := run()
	if err != nil {
		line["result"] = "failed"
		line["why"] = err.Error()
		if reason, ok := err.(notPossible); ok {
			line["result"] = "not possible"
			line["why"] = string(reason)
		}
	}
	say(line)
	return err == nil
}

// notPossible is why a call cannot be made here.
type notPossible string

func (reason notPossible) Error() string { return string(reason) }

// refused turns an error with these words into success, and everything else into a failure.
func refused(err error, words string) error {
	if err == nil {
		return fmt.Errorf("accepted, and not refused with: %s", words)
	}
	if !strings.Contains(err.Error(), words) {
		return fmt.Errorf("refused with other words than %q: %w", words, err)
	}
	return nil
}

// check fails a row with these words.
func check(condition bool, format string, values ...interface{}) error {
	if condition {
		return nil
	}
	return fmt.Errorf(format, values...)
}

// until asks every half second until the answer is true or an error.
func until(limit time.Duration, ask func() (bool, error)) error {
	deadline := time.Now().Add(limit)
	for {
		done, err := ask()
		if done || err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("not within %s", limit)
		}
		time.Sleep(500 * time.Millisecond)
	}
}
