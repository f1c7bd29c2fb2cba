//! Acts that ask first. With JavaScript the page opens as a dialog.

use askama::Template;

use super::view::{Choice, Field};
use super::{Answer, Page, render_judged};
use crate::model::Error;

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Confirm {
    /// The question.
    pub title: String,
    /// What will happen.
    pub lead: String,
    /// What will be lost.
    pub losses: Vec<String>,
    /// Where the answer is posted.
    pub action: String,
    /// What is posted with it.
    pub hidden: Vec<(String, String)>,
    /// The button.
    pub button: String,
    /// Whether something is destroyed.
    pub danger: bool,
    /// Where *Cancel* leads.
    pub cancel: String,
    /// What may be done first instead: where, and what it is called.
    pub first: Option<(String, String)>,
    /// Those to whom it is done, each of whom may be left out.
    pub ticks: Vec<Tick>,
    /// What has to be typed.
    pub inputs: Vec<Input>,
    /// Something to be chosen.
    pub select: Option<Select>,
    /// A word to be typed.
    pub typed: Option<Typed>,
    /// The password, where it has to be typed again.
    pub password: Option<Field>,
    /// What went wrong.
    pub error: Option<String>,
}

/// One of several to whom it is done.
#[derive(Clone, Debug)]
pub struct Tick {
    /// What is posted as `id`.
    pub value: String,
    /// Who it is.
    pub label: String,
    /// What it takes from them, or why it cannot be done to them.
    pub note: String,
    /// Whether it can be done to them.
    pub able: bool,
}

/// Something to be typed before it is done.
#[derive(Clone, Debug)]
pub struct Input {
    /// What it is.
    pub label: &'static str,
    /// The type of the field.
    pub kind: &'static str,
    /// What it is for.
    pub hint: &'static str,
    /// Where it is typed.
    pub field: Field,
}

/// Something to be chosen before it is done.
#[derive(Clone, Debug)]
pub struct Select {
    /// What it is.
    pub label: &'static str,
    /// What it is for.
    pub hint: &'static str,
    /// Where it is chosen.
    pub field: Field,
    /// From what.
    pub options: Vec<Choice>,
}

/// A word to be typed, so that nobody does it by habit.
#[derive(Clone, Debug)]
pub struct Typed {
    /// The word.
    pub word: String,
    /// Where it is typed.
    pub field: Field,
}

#[derive(Template)]
#[template(path = "confirm.html")]
struct ConfirmPage {
    page: Page,
    confirm: Confirm,
}

/// The page that asks. `refused` is why the last answer did not do.
///
/// # Errors
/// The template failed, which is a fault.
pub fn ask(page: Page, mut confirm: Confirm, refused: Option<&Error>) -> Answer {
    if let Some(error) = refused {
        let mut shown = vec!["username", "password"];
        shown.extend(confirm.select.as_ref().map(|select| select.field.name));
        shown.extend(confirm.inputs.iter().map(|input| input.field.name));
        confirm.error = Some(super::view::form_error(error, &shown));
        for input in &mut confirm.inputs {
            input.field = input.field.clone().judged(refused);
        }
        if let Some(select) = &mut confirm.select {
            select.field = select.field.clone().judged(refused);
        }
        if let Some(typed) = &mut confirm.typed {
            typed.field = typed.field.clone().judged(refused);
        }
        confirm.password = confirm.password.map(|field| field.judged(refused));
        if let (Error::PasswordNeeded, Some(password)) = (error, &mut confirm.password) {
            password.error = Some("Type your password to do this.".into());
        }
    }
    render_judged(refused, &ConfirmPage { page, confirm })
}
