//! The documentation of the API as a page. What it tells is gathered by whoever knows both the API and the pages.

use askama::Template;

use super::{Answer, Page, render};
use crate::http::Visitor;

/// All that the page tells.
pub struct Docs {
    /// What holds for every request.
    pub intro: Vec<Words>,
    /// The requests, by what they are about.
    pub sections: Vec<Section>,
    /// What is sent and answered.
    pub schemas: Vec<Schema>,
}

/// Requests that are about the same thing.
pub struct Section {
    /// What they are about.
    pub name: String,
    /// Its anchor.
    pub anchor: String,
    /// What that is.
    pub text: Words,
    /// The requests.
    pub operations: Vec<Operation>,
}

/// One request.
pub struct Operation {
    /// Its anchor, which is its operation id.
    pub anchor: String,
    /// Its method.
    pub method: String,
    /// Its path.
    pub path: String,
    /// Whether it wants no token.
    pub open: bool,
    /// What it does, in a few words.
    pub summary: String,
    /// What there is to know.
    pub text: Vec<Words>,
    /// Its parameters in path, query and headers.
    pub parameters: Vec<Row>,
    /// The type of its body.
    pub body: Option<Kind>,
    /// Bodies to begin with: a name, which may be empty, and the JSON.
    pub examples: Vec<(String, String)>,
    /// What it answers when all goes well: status, type, meaning.
    pub answers: Vec<(String, Kind, Words)>,
    /// The statuses of its problems.
    pub problems: Vec<String>,
}

/// Something that is sent or answered.
pub struct Schema {
    /// Its name.
    pub name: String,
    /// What it is.
    pub text: Words,
    /// Whose fields it has besides its own.
    pub includes: Vec<Kind>,
    /// Its fields.
    pub fields: Vec<Row>,
    /// The words that it is one of.
    pub values: Vec<String>,
}

/// A field or parameter.
pub struct Row {
    /// Its name.
    pub name: String,
    /// `path`, `query` or `header`; empty for a field.
    pub place: String,
    /// Its type.
    pub kind: Kind,
    /// Whether it has to be there.
    pub required: bool,
    /// What it means.
    pub text: Words,
}

/// A type in words, with the schema that it leads to.
#[derive(Default)]
pub struct Kind {
    /// `list of`, where it is more than the schema itself.
    pub words: String,
    /// The schema's name; empty where there is none.
    pub schema: String,
}

/// A sentence or more, some of it code.
#[derive(Default)]
pub struct Words(pub Vec<Part>);

/// A part of a sentence.
pub struct Part {
    /// What it says.
    pub text: String,
    /// Whether it is code.
    pub code: bool,
}

impl Words {
    /// Text in which code stands between backticks.
    pub fn of(text: &str) -> Self {
        let parts = text.split('`').enumerate().filter(|(_, part)| !part.is_empty());
        Self(parts.map(|(at, part)| Part { text: part.to_owned(), code: at % 2 == 1 }).collect())
    }

    /// The paragraphs of a longer text.
    pub fn paragraphs(text: &str) -> Vec<Self> {
        text.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()).map(Self::of).collect()
    }
}

#[derive(Template)]
#[template(path = "docs/index.html")]
struct DocsPage<'a> {
    page: Page,
    origin: String,
    docs: &'a Docs,
}

/// The page.
///
/// # Errors
/// The template failed, which is a fault.
pub fn page(visitor: &Visitor, docs: &Docs) -> Answer {
    let origin = visitor.app.config.origin();
    render(&DocsPage { page: Page::plain(visitor, "REST API"), origin, docs })
}

#[cfg(test)]
mod tests {
    use super::Words;

    #[test]
    fn code_stands_between_backticks() {
        let parts: Vec<_> = Words::of("Send `limit` and `cursor`.").0.into_iter().map(|p| (p.text, p.code)).collect();
        let expected = [("Send ", false), ("limit", true), (" and ", false), ("cursor", true), (".", false)];
        assert_eq!(parts, expected.map(|(text, code)| (text.to_owned(), code)));
        assert_eq!(Words::paragraphs("One\nline.\n\nTwo.").len(), 2);
    }
}
