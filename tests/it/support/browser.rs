//! A browser without a window: cookies, forms, and the headers that say where a request comes from.

use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};
use scraper::{Html as Document, Selector};

/// Somebody at a browser.
pub struct Browser {
    client: Client,
    url: String,
    cookie: Option<String>,
    known: Option<String>,
    address: Option<String>,
}

/// An answer of the pages.
#[derive(Debug)]
pub struct Html {
    pub status: u16,
    pub location: Option<String>,
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
}

impl Browser {
    pub fn new(url: &str) -> Self {
        // A connection for each request: one that is kept may be closed by the portal just as it is used again.
        let client = Client::builder().redirect(Policy::none()).pool_max_idle_per_host(0).build().unwrap();
        Self { client, url: url.into(), cookie: None, known: None, address: None }
    }

    /// The cookie of its session.
    pub fn cookie(&self) -> Option<&str> {
        self.cookie.as_deref()
    }

    /// Sends this cookie as its session's from now on.
    pub fn set_cookie(&mut self, cookie: &str) {
        self.cookie = Some(cookie.into());
    }

    /// The cookie by which it is known again.
    pub fn known(&self) -> Option<&str> {
        self.known.as_deref()
    }

    /// Sends this cookie to be known by from now on.
    pub fn set_known(&mut self, cookie: &str) {
        self.known = Some(cookie.into());
    }

    /// Comes from this address from now on, by way of a proxy that the portal trusts.
    pub fn at(mut self, address: impl Into<String>) -> Self {
        self.go_to(address);
        self
    }

    /// Comes from another address from now on.
    pub fn go_to(&mut self, address: impl Into<String>) {
        self.address = Some(address.into());
    }

    pub async fn get(&mut self, path: &str) -> Html {
        let request = self.request(Method::GET, path);
        self.send(request).await
    }

    /// Posts a form from one of the portal's own pages.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Html {
        let request = self.request(Method::POST, path).header("sec-fetch-site", "same-origin").form(fields);
        self.send(request).await
    }

    /// Posts a form, follows to where it leads, and gives that page.
    pub async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Html {
        let answer = self.post(path, fields).await;
        assert_eq!(answer.status, 303, "{path}: {}", answer.text());
        let target = answer.location.unwrap();
        self.get(&target).await
    }

    /// A request with the cookie and nothing else.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        let cookies: Vec<&str> = [&self.cookie, &self.known].into_iter().flatten().map(String::as_str).collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        match &self.address {
            Some(address) => request.header("x-forwarded-for", address),
            None => request,
        }
    }

    pub async fn send(&mut self, request: RequestBuilder) -> Html {
        let answer = request.send().await.unwrap();
        let set: Vec<String> =
            answer.headers().get_all("set-cookie").iter().map(|value| value.to_str().unwrap().to_owned()).collect();
        for line in &set {
            let pair = line.split(';').next().unwrap();
            if pair.starts_with("latchkey_browser=") || pair.starts_with("__Host-latchkey_browser=") {
                self.known = Some(pair.to_owned());
            }
            if pair.starts_with("latchkey=") || pair.starts_with("__Host-latchkey=") {
                let gone = pair.ends_with('=') || line.contains("Max-Age=0");
                self.cookie = (!gone).then(|| pair.to_owned());
            }
        }
        Html {
            status: answer.status().as_u16(),
            location: answer.headers().get("location").map(|value| value.to_str().unwrap().to_owned()),
            headers: answer.headers().clone(),
            body: answer.text().await.unwrap(),
        }
    }
}

impl Html {
    /// All of the page's words, without the markup.
    pub fn text(&self) -> String {
        let document = Document::parse_document(&self.body);
        let words: Vec<&str> = document.root_element().text().flat_map(str::split_whitespace).collect();
        words.join(" ")
    }

    pub fn has(&self, text: &str) -> bool {
        self.text().contains(text)
    }

    /// The path of the link for `purpose` that the page shows this once.
    pub fn link(&self, purpose: &str) -> String {
        let shown = self.inner("#secret").unwrap_or_else(|| panic!("no link on {}", self.text()));
        shown[shown.find(&format!("/{purpose}/")).unwrap_or_else(|| panic!("{shown}"))..].to_owned()
    }

    /// The value of the field of this name.
    pub fn value(&self, name: &str) -> String {
        self.attribute(&format!("[name=\"{name}\"]"), "value").unwrap_or_default()
    }

    /// The chosen value of the list of this name.
    pub fn chosen(&self, name: &str) -> Option<String> {
        self.attribute(&format!("select[name=\"{name}\"] option[selected]"), "value")
    }

    /// What is wrong with the field of this name.
    pub fn error(&self, name: &str) -> Option<String> {
        self.inner(&format!("#{name}-error"))
    }

    /// The words of the first element that `selector` finds.
    pub fn inner(&self, selector: &str) -> Option<String> {
        let document = Document::parse_document(&self.body);
        let found = document.select(&Selector::parse(selector).unwrap()).next()?;
        Some(found.text().flat_map(str::split_whitespace).collect::<Vec<_>>().join(" "))
    }

    /// An attribute of the first element that `selector` finds.
    pub fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        let document = Document::parse_document(&self.body);
        let found = document.select(&Selector::parse(selector).unwrap()).next()?;
        found.value().attr(name).map(str::to_owned)
    }

    /// What a browser would send of the first form that `selector` finds, its buttons aside.
    pub fn form(&self, selector: &str) -> Vec<(String, String)> {
        let document = Document::parse_document(&self.body);
        let form =
            document.select(&Selector::parse(selector).unwrap()).next().unwrap_or_else(|| panic!("{}", self.text()));
        let fields = Selector::parse("input[name], textarea[name], select[name]").unwrap();
        let chosen = Selector::parse("option[selected]").unwrap();
        let mut sent = Vec::new();
        for field in form.select(&fields) {
            let attr = |name| field.value().attr(name);
            let ticks = matches!(attr("type"), Some("checkbox" | "radio"));
            if attr("disabled").is_some() || (ticks && attr("checked").is_none()) {
                continue;
            }
            let value = match field.value().name() {
                "textarea" => field.text().collect(),
                "select" => {
                    field.select(&chosen).next().and_then(|o| o.value().attr("value")).unwrap_or_default().into()
                }
                _ => attr("value").unwrap_or_default().to_owned(),
            };
            sent.push((attr("name").unwrap().to_owned(), value));
        }
        sent
    }

    /// The words and addresses of its links.
    pub fn links(&self) -> Vec<(String, String)> {
        let document = Document::parse_document(&self.body);
        let words =
            |link: &scraper::ElementRef<'_>| link.text().flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ");
        let all = document.select(&Selector::parse("a[href]").unwrap()).collect::<Vec<_>>();
        all.iter().map(|link| (words(link), link.value().attr("href").unwrap().to_owned())).collect()
    }

    /// How many elements `selector` finds.
    /// The words of every element that this selects, in order.
    pub fn all(&self, selector: &str) -> Vec<String> {
        let document = Document::parse_document(&self.body);
        let selector = Selector::parse(selector).unwrap();
        document.select(&selector).map(|found| found.text().collect::<String>().trim().to_owned()).collect()
    }

    pub fn count(&self, selector: &str) -> usize {
        Document::parse_document(&self.body).select(&Selector::parse(selector).unwrap()).count()
    }
}
