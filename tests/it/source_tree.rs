//! The crate's own source, parsed: its modules without their tests, for the tests that keep the house in order.

use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, Meta, UseTree};

/// A module as it stands in a file or inside another module.
pub struct Module {
    /// Below `crate`: `["store", "table", "orders"]`.
    pub path: Vec<String>,
    /// Where it is written, below `src`.
    pub file: String,
    /// What it holds, without what is compiled for tests alone.
    pub items: Vec<Item>,
}

/// A path as the compiler resolves it, from `crate` or from another crate's name on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    pub segments: Vec<String>,
    pub line: usize,
}

pub fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every module of the library that is not compiled for tests alone.
pub fn modules() -> Vec<Module> {
    let mut found = Vec::new();
    let file = source().join("lib.rs");
    read(&file, &file, Vec::new(), &mut found);
    found
}

/// A module written as `text`, as if it stood at `path`, and those inside it.
pub fn parsed(text: &str, path: &[&str]) -> Vec<Module> {
    let mut found = Vec::new();
    let items = syn::parse_file(text).expect("Rust").items;
    keep(items, path.iter().map(ToString::to_string).collect(), Path::new("planted.rs"), &mut found);
    found
}

fn read(file: &Path, owner: &Path, path: Vec<String>, found: &mut Vec<Module>) {
    let text = std::fs::read_to_string(file).unwrap_or_else(|problem| panic!("{}: {problem}", file.display()));
    let parsed = syn::parse_file(&text).unwrap_or_else(|problem| panic!("{}: {problem}", file.display()));
    if !parsed.attrs.iter().any(is_for_tests) {
        keep(parsed.items, path, owner, found);
    }
}

fn keep(items: Vec<Item>, path: Vec<String>, file: &Path, found: &mut Vec<Module>) {
    let (mut kept, mut inner) = (Vec::new(), Vec::new());
    for item in items.into_iter().filter(|item| !attributes(item).iter().any(is_for_tests)) {
        match item {
            Item::Mod(module) => {
                let path: Vec<String> = path.iter().cloned().chain([module.ident.to_string()]).collect();
                match module.content {
                    Some((_, items)) => keep(items, path, file, found),
                    None => inner.push((file_of(&module.attrs, file, &path), path)),
                }
            }
            other => kept.push(other),
        }
    }
    let below = file.strip_prefix(source()).unwrap_or(file).display().to_string();
    found.push(Module { path, file: below, items: kept });
    for (file, path) in inner {
        read(&file, &file, path, found);
    }
}

/// Where `mod name;` is written.
fn file_of(attributes: &[Attribute], owner: &Path, path: &[String]) -> PathBuf {
    let beside = attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => literal(&pair.value),
        _ => None,
    });
    if let Some(beside) = beside {
        return owner.with_file_name(beside);
    }
    let stem = path.iter().fold(source(), |folder, name| folder.join(name));
    let flat = stem.with_extension("rs");
    if flat.exists() { flat } else { stem.join("mod.rs") }
}

fn literal(value: &syn::Expr) -> Option<String> {
    match value {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

/// Whether something is compiled for tests alone: `#[cfg(test)]`, `#[test]`.
fn is_for_tests(attribute: &Attribute) -> bool {
    match &attribute.meta {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("cfg") => {
            list.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test"))
        }
        _ => false,
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

impl Module {
    /// Every path that its code names: in `use`, in expressions, types, patterns and bounds, in macros, and in attributes.
    pub fn named(&self) -> Vec<Named> {
        let mut paths = Paths { module: &self.path, found: Vec::new() };
        for item in &self.items {
            paths.visit_item(item);
        }
        paths.found.sort();
        paths.found.dedup();
        paths.found
    }
}

struct Paths<'a> {
    module: &'a [String],
    found: Vec<Named>,
}

impl Paths<'_> {
    fn add(&mut self, segments: &[String], line: usize) {
        // `self` and `super` lead away from this module; every other path starts where it says.
        let (mut resolved, mut rest) = (self.module.to_vec(), segments);
        match segments.first().map(String::as_str) {
            Some("crate") => (resolved, rest) = (Vec::new(), &segments[1..]),
            Some("self" | "super") => {
                while let Some(first) = rest.first().filter(|first| ["self", "super"].contains(&first.as_str())) {
                    if first == "super" {
                        resolved.pop();
                    }
                    rest = &rest[1..];
                }
            }
            _ => return self.found.push(Named { segments: segments.to_vec(), line }),
        }
        let whole = ["crate".to_owned()].into_iter().chain(resolved).chain(rest.iter().cloned());
        self.found.push(Named { segments: whole.collect(), line });
    }

    fn add_tree(&mut self, tree: &UseTree, before: &[String]) {
        let with = |name: &syn::Ident| before.iter().cloned().chain([name.to_string()]).collect::<Vec<_>>();
        match tree {
            UseTree::Path(path) => self.add_tree(&path.tree, &with(&path.ident)),
            UseTree::Name(name) if name.ident == "self" => self.add(before, name.span().start().line),
            UseTree::Name(name) => self.add(&with(&name.ident), name.span().start().line),
            UseTree::Rename(renamed) => self.add(&with(&renamed.ident), renamed.span().start().line),
            UseTree::Glob(glob) => {
                let all: Vec<String> = before.iter().cloned().chain(["*".to_owned()]).collect();
                self.add(&all, glob.span().start().line);
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_tree(tree, before)),
        }
    }

    /// The paths in what a macro is called with, or written as: names with `::` between them, `$crate` too.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let (mut path, mut colons, mut line): (Vec<String>, usize, usize) = (Vec::new(), 0, 0);
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.end(&mut path, line);
                        line = name.span().start().line;
                    }
                    path.push(name.to_string());
                    colons = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' && !path.is_empty() => colons += 1,
                TokenTree::Group(group) => {
                    // `use crate::{…}` inside of a macro.
                    if colons == 2 && group.delimiter() == Delimiter::Brace {
                        self.add_group(&path, group.stream(), line);
                    } else {
                        self.end(&mut path, line);
                        self.add_tokens(group.stream());
                    }
                    path.clear();
                    colons = 0;
                }
                other => {
                    self.end(&mut path, line);
                    colons = 0;
                    if let TokenTree::Literal(text) = other {
                        self.add_text(&text.to_string(), text.span().start().line);
                    }
                }
            }
        }
        self.end(&mut path, line);
    }

    fn add_group(&mut self, before: &[String], group: TokenStream, line: usize) {
        let tree: syn::Result<UseTree> =
            syn::parse2(TokenStream::from(TokenTree::Group(proc_macro2::Group::new(Delimiter::Brace, group))));
        match tree {
            Ok(tree) => self.add_tree(&tree, before),
            Err(_) => self.add(before, line),
        }
    }

    fn end(&mut self, path: &mut Vec<String>, line: usize) {
        if path.len() > 1 {
            self.add(path, line);
        }
        path.clear();
    }

    /// A path in quotes, as attributes have it: `#[serde(with = "crate::…")]`.
    fn add_text(&mut self, text: &str, line: usize) {
        let text = text.trim_matches('"');
        if let Ok(path) = syn::parse_str::<syn::Path>(text)
            && ["crate", "super"].iter().any(|start| path.segments.first().is_some_and(|first| first.ident == start))
        {
            let segments: Vec<String> = path.segments.iter().map(|one| one.ident.to_string()).collect();
            self.add(&segments, line);
        }
    }
}

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.add_tree(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|one| one.ident.to_string()).collect();
        if segments.len() > 1 {
            self.add(&segments, path.span().start().line);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.add_tokens(called.tokens.clone());
        visit::visit_macro(self, called);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        // What a comment says names nothing.
        if attribute.path().is_ident("doc") {
            return;
        }
        if let Meta::List(list) = &attribute.meta {
            self.add_tokens(list.tokens.clone());
        }
        visit::visit_attribute(self, attribute);
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        // Inside a function: rare, and its `super` is another one.
        if !module.attrs.iter().any(is_for_tests) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !function.attrs.iter().any(is_for_tests) {
            visit::visit_impl_item_fn(self, function);
        }
    }
}
