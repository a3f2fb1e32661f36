package cloud_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// microsoft finds what this package is the only one to spell: hosts of
// Microsoft's clouds, and the audiences of federated credentials.
var microsoft = regexp.MustCompile(`(?i)[a-z0-9.-]*\b(?:microsoftonline|windows|azure|microsoft|microsoftgraph|chinacloudapi|usgovcloudapi|partnercenterapi)\.(?:com|net|us|cn)\b|AzureADTokenExchange\w*`)

// readingMatter are hosts that people open in a browser; no program of ours
// talks to them. Contoso is the name of examples in documentation.
var readingMatter = regexp.MustCompile(`^(?:learn\.microsoft\.com|entra\.microsoft\.(?:com|us)|portal\.azure\.(?:com|us|cn)|partner\.microsoft\.com|contoso[a-z-]*\.[a-z.]+)$`)

// spelt lists the Microsoft hosts in the string literals of a file.
func spelt(file *ast.File, at *token.FileSet) (found []string) {
	ast.Inspect(file, func(n ast.Node) bool {
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(literal.Value)
		if err != nil {
			text = literal.Value
		}
		for _, host := range microsoft.FindAllString(text, -1) {
			if !readingMatter.MatchString(strings.ToLower(host)) {
				found = append(found, at.Position(literal.Pos()).String()+": "+host)
			}
		}
		return true
	})
	return found
}

// TestHostsAreSpeltHereOnly reads every file that is deployed or given to
// operators: clouds are data, and this package holds them.
func TestHostsAreSpeltHereOnly(t *testing.T) {
	t.Parallel()
	const root = "../.."
	files := 0
	for _, dir := range []string{"internal", "handlers", "cmd/handler", "cmd/samctl"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == "cloud" || strings.HasSuffix(entry.Name(), "test")):
				return fs.SkipDir
			case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			files++
			for _, place := range spelt(file, set) {
				t.Errorf("%s: put it into package cloud", place)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 100 {
		t.Errorf("only %d files were read: the walk is broken", files)
	}
}

// TestSpeltHostsAreFound: the search above can fail.
func TestSpeltHostsAreFound(t *testing.T) {
	t.Parallel()
	for literal, want := range map[string]int{
		`"https://login.microsoftonline.com/common"`: 1, `"x.vault.azure.net"`: 1, "`core.windows.net`": 1,
		`"https://graph.microsoft.us/.default"`: 1, `"api://AzureADTokenExchangeChina"`: 1, `"management.chinacloudapi.cn"`: 1,
		`"a " + "https://management.azure.com" + "graph.microsoft.com"`: 2,
		`"https://learn.microsoft.com/entra"`:                           0, `"https://entra.microsoft.com/#view"`: 0, `"https://contoso-sam.vault.azure.net"`: 0,
		`"Microsoft.Network"`: 0, `"nothing" /* login.microsoftonline.com */`: 0, `"learn.microsoft.com.graph.microsoft.com"`: 1,
	} {
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, "x.go", "package x\nvar y = "+literal, 0)
		if err != nil {
			t.Fatal(err)
		}
		if found := spelt(file, set); len(found) != want {
			t.Errorf("%s: found %v, want %d", literal, found, want)
		}
	}
}
