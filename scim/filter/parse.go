package filter

import (
	"fmt"
	"strings"
)

const wantedOps = "a comparison operator (eq, ne, co, sw, ew, gt, ge, lt, le, pr)"

type parser struct {
	lex   lexer
	tok   token
	depth int
	nodes int
}

// Parse reads a filter. The error is an *Error.
func Parse(src string) (Node, error) {
	p, err := start(src, "filter")
	if err != nil {
		return nil, err
	}
	n, err := p.or(false)
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokEnd {
		return nil, p.unexpected("and, or, or the end of the filter")
	}
	return n, nil
}

// ParsePath reads the path of a PATCH operation (RFC 7644 section 3.5.2, figure 1). The error is an *Error.
func ParsePath(src string) (Path, error) {
	p, err := start(src, "path")
	if err != nil {
		return Path{}, err
	}
	attr, err := p.attrPath()
	if err != nil {
		return Path{}, err
	}
	path := Path{Attr: attr}
	if p.tok.kind == tokOpenArray {
		if path.Where, path.Sub, err = p.element(attr); err != nil {
			return Path{}, err
		}
	}
	if p.tok.kind != tokEnd {
		return Path{}, p.unexpected("the end of the path")
	}
	return path, nil
}

func start(src, what string) (*parser, *Error) {
	if len(src) > MaxLength {
		return nil, &Error{Pos: MaxLength, Text: fmt.Sprintf("the %s has %d bytes; at most %d are read", what, len(src), MaxLength)}
	}
	p := &parser{lex: lexer{src: src}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.kind == tokEnd {
		return nil, &Error{Pos: p.tok.pos, Text: "the " + what + " is empty; expected an attribute name"}
	}
	return p, nil
}

func (p *parser) advance() *Error {
	tok, err := p.lex.next()
	if err != nil {
		return err
	}
	p.tok = tok
	return nil
}

func (p *parser) unexpected(wanted string) *Error {
	found := "the end"
	if p.tok.kind != tokEnd {
		text := p.lex.src[p.tok.pos:p.tok.end]
		if len(text) > 40 {
			text = strings.ToValidUTF8(text[:40], "") + "…"
		}
		found = text
	}
	return &Error{Pos: p.tok.pos, Text: "expected " + wanted + ", found " + found}
}

// enter counts one level of nesting; the caller counts it down again.
func (p *parser) enter() *Error {
	p.depth++
	if p.depth > MaxDepth {
		return &Error{Pos: p.tok.pos, Text: fmt.Sprintf("nested deeper than %d levels", MaxDepth)}
	}
	return nil
}

func (p *parser) count() *Error {
	p.nodes++
	if p.nodes > MaxNodes {
		return &Error{Pos: p.tok.pos, Text: fmt.Sprintf("more than %d expressions", MaxNodes)}
	}
	return nil
}

func (p *parser) keyword(word string) bool {
	return p.tok.kind == tokWord && strings.EqualFold(p.tok.text, word)
}

// or reads terms joined by "or"; inside tells that brackets are open, where the grammar knows no further brackets.
func (p *parser) or(inside bool) (Node, *Error) {
	return p.joined("or", func() (Node, *Error) { return p.and(inside) }, func(terms []Node) Node {
		var flat []Node
		for _, t := range terms {
			if o, ok := t.(*Or); ok {
				flat = append(flat, o.Terms...)
				continue
			}
			flat = append(flat, t)
		}
		return &Or{Terms: flat}
	})
}

func (p *parser) and(inside bool) (Node, *Error) {
	return p.joined("and", func() (Node, *Error) { return p.term(inside) }, func(terms []Node) Node {
		var flat []Node
		for _, t := range terms {
			if a, ok := t.(*And); ok {
				flat = append(flat, a.Terms...)
				continue
			}
			flat = append(flat, t)
		}
		return &And{Terms: flat}
	})
}

func (p *parser) joined(word string, operand func() (Node, *Error), join func([]Node) Node) (Node, *Error) {
	first, err := operand()
	if err != nil || !p.keyword(word) {
		return first, err
	}
	terms := []Node{first}
	for p.keyword(word) {
		if err := p.count(); err != nil {
			return nil, err
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
		t, err := operand()
		if err != nil {
			return nil, err
		}
		terms = append(terms, t)
	}
	return join(terms), nil
}

func (p *parser) term(inside bool) (Node, *Error) {
	if p.keyword("not") {
		if err := p.count(); err != nil {
			return nil, err
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
		if p.tok.kind != tokOpen {
			return nil, p.unexpected("( after not")
		}
		n, err := p.group(inside)
		if err != nil {
			return nil, err
		}
		return &Not{Term: n}, nil
	}
	if p.tok.kind == tokOpen {
		return p.group(inside)
	}
	return p.expression(inside)
}

func (p *parser) group(inside bool) (Node, *Error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	n, err := p.or(inside)
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokClose {
		return nil, p.unexpected("and, or, or )")
	}
	p.depth--
	return n, p.advance()
}

func (p *parser) expression(inside bool) (Node, *Error) {
	if err := p.count(); err != nil {
		return nil, err
	}
	attr, err := p.attrPath()
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokOpenArray {
		op, v, err := p.comparison()
		if err != nil {
			return nil, err
		}
		return &Compare{Path: attr, Op: op, Value: v}, nil
	}
	if inside {
		return nil, p.unexpected(wantedOps + "; brackets cannot stand inside brackets")
	}
	where, sub, err := p.element(attr)
	if err != nil {
		return nil, err
	}
	e := &Element{Path: attr, Where: where, Sub: sub}
	_, isOp := parseOp(p.tok.text)
	if p.tok.kind != tokWord || sub == "" && !isOp {
		if sub != "" {
			return nil, p.unexpected(wantedOps)
		}
		return e, nil
	}
	if e.Op, e.Value, err = p.comparison(); err != nil {
		return nil, err
	}
	return e, nil
}

// element reads `[filter]` and a sub-attribute after it.
func (p *parser) element(attr AttrPath) (Node, string, *Error) {
	if attr.Sub != "" {
		return nil, "", p.unexpected("no brackets after the sub-attribute " + attr.Sub)
	}
	if err := p.enter(); err != nil {
		return nil, "", err
	}
	if err := p.advance(); err != nil {
		return nil, "", err
	}
	where, err := p.or(true)
	if err != nil {
		return nil, "", err
	}
	if p.tok.kind != tokCloseArray {
		return nil, "", p.unexpected("and, or, or ]")
	}
	p.depth--
	dot := p.tok.end
	if err := p.advance(); err != nil {
		return nil, "", err
	}
	if p.tok.kind != tokWord || p.tok.text[0] != '.' || p.tok.pos != dot {
		return where, "", nil
	}
	sub := p.tok.text[1:]
	if !isName(sub) {
		return nil, "", p.unexpected("the name of a sub-attribute after the dot")
	}
	return where, sub, p.advance()
}

func (p *parser) comparison() (Op, Value, *Error) {
	op, ok := parseOp(p.tok.text)
	if p.tok.kind != tokWord || !ok {
		return None, Value{}, p.unexpected(wantedOps)
	}
	if err := p.advance(); err != nil || op == Pr {
		return op, Value{}, err
	}
	var v Value
	switch {
	case p.tok.kind == tokString:
		v = Value{Kind: String, Text: p.tok.text}
	case p.tok.kind == tokNumber:
		v = Value{Kind: Number, Text: p.tok.text}
	case p.keyword("true"), p.keyword("false"):
		v = Value{Kind: Bool, Bool: len(p.tok.text) == len("true")}
	case p.keyword("null"):
	default:
		return None, Value{}, p.unexpected(`a value ("text", a number, true, false or null)`)
	}
	return op, v, p.advance()
}

func (p *parser) attrPath() (AttrPath, *Error) {
	if p.tok.kind != tokWord {
		return AttrPath{}, p.unexpected("an attribute name")
	}
	path, ok := splitAttr(p.tok.text)
	if !ok {
		return AttrPath{}, p.unexpected("an attribute name (name, name.sub or urn:…:name)")
	}
	return path, p.advance()
}

// SplitAttr reads "name", "name.sub", "urn:…:name" or "urn:…:name.sub", as the keys of a PATCH without a path may be
// written too.
func SplitAttr(s string) (AttrPath, bool) {
	for i := range len(s) {
		if !isWordByte(s[i]) {
			return AttrPath{}, false
		}
	}
	return splitAttr(s)
}

func splitAttr(s string) (AttrPath, bool) {
	var p AttrPath
	if len(s) > 4 && strings.EqualFold(s[:4], "urn:") {
		// The dot of a version number ("core:2.0:User") stands before the last colon, a sub-attribute's after it.
		cut := strings.LastIndexByte(s, ':')
		p.URN, s = s[:cut], s[cut+1:]
	}
	name, sub, dotted := strings.Cut(s, ".")
	p.Name, p.Sub = name, sub
	return p, isName(name) && (!dotted || isName(sub))
}

func isName(s string) bool {
	if s == "" || !isLetter(s[0]) && s[0] != '$' && s[0] != '_' {
		return false
	}
	return !strings.ContainsAny(s, ".:")
}
