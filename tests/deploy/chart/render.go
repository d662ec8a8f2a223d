// Renders the Helm chart where there is no Helm: Go's templates and sprig, which are what Helm renders with, and
// the few functions that Helm adds to them. Stricter in one thing: a value that values.yaml does not have is an error.
//
//	render-chart CHART RELEASE < values.json
//
// Prints a JSON object: each file's text by its name.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/ioutil"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"gopkg.in/yaml.v3"
)

type values = map[string]interface{}

func main() {
	files, err := render(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(files); err != nil {
		panic(err)
	}
}

func render(folder, release string) (map[string]string, error) {
	about, err := read(filepath.Join(folder, "Chart.yaml"))
	if err != nil {
		return nil, err
	}
	defaults, err := read(filepath.Join(folder, "values.yaml"))
	if err != nil {
		return nil, err
	}
	var given values
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		return nil, err
	}
	scope := values{
		"Values":  merge(defaults, given),
		"Chart":   chart(about),
		"Release": values{"Name": release, "Namespace": "default", "Service": "Helm", "IsInstall": true, "IsUpgrade": false},
	}

	all := template.New("chart").Option("missingkey=error")
	all.Funcs(functions(all))
	paths, err := filepath.Glob(filepath.Join(folder, "templates", "*"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		text, err := ioutil.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if _, err := all.New(filepath.Base(path)).Parse(string(text)); err != nil {
			return nil, err
		}
	}
	files := map[string]string{}
	for _, path := range paths {
		name := filepath.Base(path)
		if strings.HasPrefix(name, "_") {
			continue
		}
		var out bytes.Buffer
		if err := all.ExecuteTemplate(&out, name, scope); err != nil {
			return nil, err
		}
		files[name] = out.String()
	}
	return files, nil
}

// What Helm adds to sprig, as far as the chart uses it; and takes away from it.
func functions(all *template.Template) template.FuncMap {
	known := sprig.TxtFuncMap()
	delete(known, "env")
	delete(known, "expandenv")
	known["include"] = func(name string, data interface{}) (string, error) {
		var out strings.Builder
		err := all.ExecuteTemplate(&out, name, data)
		return out.String(), err
	}
	known["required"] = func(why string, value interface{}) (interface{}, error) {
		if value == nil || value == "" {
			return nil, fmt.Errorf("%s", why)
		}
		return value, nil
	}
	known["toYaml"] = func(value interface{}) (string, error) {
		text, err := yaml.Marshal(value)
		return strings.TrimSuffix(string(text), "\n"), err
	}
	return known
}

func chart(about values) values {
	upper := values{}
	for key, value := range about {
		upper[strings.ToUpper(key[:1])+key[1:]] = value
	}
	return upper
}

// Numbers become float64, as Helm reads them.
func read(path string) (values, error) {
	text, err := ioutil.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var found values
	if err := yaml.Unmarshal(text, &found); err != nil {
		return nil, err
	}
	asJSON, err := json.Marshal(found)
	if err != nil {
		return nil, err
	}
	var plain values
	err = json.Unmarshal(asJSON, &plain)
	return plain, err
}

func merge(defaults, given values) values {
	merged := values{}
	for key, value := range defaults {
		merged[key] = value
	}
	for key, value := range given {
		below, isMap := merged[key].(values)
		above, isMapToo := value.(values)
		if isMap && isMapToo {
			merged[key] = merge(below, above)
		} else {
			merged[key] = value
		}
	}
	return merged
}
