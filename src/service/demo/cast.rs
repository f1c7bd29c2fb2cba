//! Who and what the made-up organisation consists of. People, teams and machines are named by their place in these lists.

use crate::model::roles::{AppLevel, OrgRole};
use crate::model::tokens::Overlap;
use crate::model::users::Kind;

/// Teams: name, and what it is for.
pub(super) const TEAMS: &[(&str, &str)] = &[
    ("Platform", "Runs the clusters, the build machines and what everybody deploys with."),
    ("Data Engineering", "Moves data from where it is made to where it is asked for."),
    ("Payments", "Takes money, pays it out, and can say where each cent is."),
    ("Security", "Keeps keys, finds what leaked, answers when something is wrong."),
    ("Web", "The shop that customers see."),
    ("Data Quality", "Says when the numbers cannot be right."),
    ("Customer Support", "Talks to people."),
    ("Site Reliability", "Wakes up at night so that others need not."),
];

/// Custom team roles: name, what it is for, permissions, reach into applications.
pub(super) const ROLES: &[(&str, &str, &str, AppLevel)] = &[
    (
        "Token Auditor",
        "Sees accounts and tokens, changes nothing.",
        "service_accounts:read tokens:read teams:read audit:read",
        AppLevel::None,
    ),
    (
        "Release Manager",
        "Rotates what a release needs.",
        "service_accounts:read tokens:read tokens:update teams:read",
        AppLevel::Write,
    ),
    ("Contractor", "Uses the team\u{2019}s applications and sees little else.", "teams:read", AppLevel::Read),
];

/// An application: what it is, the team that keeps it, its scopes (name, level, what each allows), the teams with access, who made
/// it, and how many hours ago it was given a secret.
pub(super) struct Application {
    pub name: &'static str,
    pub slug: &'static str,
    pub what: &'static str,
    pub home: usize,
    pub scopes: &'static [(&'static str, &'static str, &'static str)],
    pub teams: &'static [usize],
    pub by: usize,
    pub minutes: i32,
    pub secrets: &'static [i64],
}

pub(super) const APPLICATIONS: &[Application] = &[
    Application {
        name: "Ledger",
        slug: "ledger",
        what: "The books: every entry, and who booked it.",
        home: 2,
        scopes: &[
            ("entries.read", "read", "Look at entries and balances"),
            ("entries.write", "write", "Book entries, and reverse them"),
            ("periods.close", "admin", "Close a period, after which nothing in it changes"),
        ],
        teams: &[2, 1],
        by: 2,
        minutes: 0,
        secrets: &[210 * 24],
    },
    Application {
        name: "Data Catalogue",
        slug: "catalogue",
        what: "Says what each table holds, and where it comes from.",
        home: 1,
        scopes: &[
            ("datasets.read", "read", "Look at tables and what is said of them"),
            ("datasets.annotate", "write", "Say what a column means"),
        ],
        teams: &[1, 5],
        by: 4,
        minutes: 40,
        secrets: &[],
    },
    Application {
        name: "Deployments",
        slug: "deploy",
        what: "Brings releases to the clusters.",
        home: 0,
        scopes: &[
            ("status.read", "read", "See what runs where"),
            ("releases.start", "write", "Start a release, and stop one"),
            ("clusters.drain", "admin", "Take a cluster out of service"),
        ],
        teams: &[0, 4, 7],
        by: ADMIN,
        minutes: 80,
        secrets: &[209 * 24, 11],
    },
];

/// A person: name, organisation role, teams with roles, how many days ago they came, and what became of them.
pub(super) struct Person {
    pub name: &'static str,
    pub role: OrgRole,
    pub teams: &'static [(usize, &'static str)],
    pub came: i64,
    pub now: Now,
}

/// What became of a person.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Now {
    /// Works here.
    Here,
    /// Has an invitation.
    Invited,
    /// Left so many days ago.
    Left(i64),
}

const fn person(name: &'static str, teams: &'static [(usize, &'static str)], came: i64) -> Person {
    Person { name, role: OrgRole::Member, teams, came, now: Now::Here }
}

pub(super) const ADMIN: usize = 0;
pub(super) const MANAGER: usize = 1;

/// The first three are the ones to log in as.
pub(super) const PEOPLE: &[Person] = &[
    Person { role: OrgRole::Admin, ..person("Ada Okafor", &[(0, "Owner")], 220) },
    Person { role: OrgRole::Manager, ..person("Marisol Lindqvist", &[(3, "Maintainer")], 219) },
    person("Jonas Amsel", &[(2, "Owner"), (1, "Viewer")], 218),
    Person { role: OrgRole::Admin, ..person("Tariq Holloway", &[(3, "Owner")], 218) },
    person("Sunita Karimi", &[(1, "Owner"), (5, "Viewer")], 216),
    person("Freya Vestergaard", &[(4, "Owner")], 215),
    person("Emre Bramble", &[(5, "Owner"), (1, "Editor")], 214),
    person("Nadia Castellan", &[(6, "Owner")], 213),
    person("Oskar Reinholt", &[(7, "Owner"), (0, "Maintainer")], 212),
    person("Imani Farrow", &[(0, "Maintainer"), (7, "Editor")], 209),
    person("Haruki Thorne", &[(0, "Editor")], 204),
    person("Leila Goldwater", &[(2, "Maintainer")], 201),
    person("Callum Sallow", &[(2, "Editor"), (4, "Viewer")], 190),
    Person { role: OrgRole::Editor, ..person("Renske Underhill", &[(4, "Maintainer")], 188) },
    person("Kofi Wainwright", &[(4, "Editor")], 171),
    person("Petra Ylonen", &[(1, "Maintainer")], 166),
    person("Milan Quist", &[(1, "Editor"), (5, "Maintainer")], 150),
    person("Zuri Tremaine", &[(6, "Maintainer")], 149),
    person("Goran Heskin", &[(6, "Editor")], 133),
    person("Astrid Galanis", &[(3, "Token Auditor"), (2, "Token Auditor")], 120),
    person("Bilal Drummond", &[(7, "Maintainer")], 97),
    person("Yara Solheim", &[(0, "Release Manager"), (4, "Release Manager")], 88),
    Person { now: Now::Left(23), ..person("Viktor Eckhart", &[(1, "Maintainer"), (2, "Viewer")], 205) },
    Person { now: Now::Left(61), ..person("Rosa Bellweather", &[(4, "Editor")], 180) },
    person("Dagny Rutherglen", &[(4, "Contractor")], 40),
    person("Omar Whitlock", &[(2, "Contractor"), (1, "Contractor")], 33),
    Person { now: Now::Invited, ..person("Selma Kestrel", &[(7, "Viewer")], 2) },
    Person { now: Now::Invited, ..person("Ivo Palander", &[(6, "Viewer")], 1) },
];

/// A service or agent account: name, kind, what it is for, its teams with roles (home first), and how many days ago who made it.
pub(super) struct Machine {
    pub name: &'static str,
    pub kind: Kind,
    pub what: &'static str,
    pub role: OrgRole,
    pub teams: &'static [(usize, &'static str)],
    pub made: i64,
    pub by: usize,
    /// Who answers for it, if not who made it.
    pub contact: Option<usize>,
}

const fn service(
    name: &'static str,
    what: &'static str,
    teams: &'static [(usize, &'static str)],
    made: i64,
    by: usize,
) -> Machine {
    Machine { name, kind: Kind::Service, what, role: OrgRole::Member, teams, made, by, contact: None }
}

const fn agent(
    name: &'static str,
    what: &'static str,
    teams: &'static [(usize, &'static str)],
    made: i64,
    by: usize,
) -> Machine {
    Machine { kind: Kind::Agent, ..service(name, what, teams, made, by) }
}

pub(super) const MACHINES: &[Machine] = &[
    service("Release Publisher", "Publishes what the main branch builds.", &[(0, "Maintainer")], 203, 0),
    service("Cluster Autoscaler", "Adds and removes machines as the load asks for it.", &[(0, "Viewer")], 199, 0),
    service(
        "Invoice Exporter",
        "Every night: yesterday\u{2019}s invoices to the accountants.",
        &[(2, "Viewer")],
        198,
        2,
    ),
    service("Ledger Sync", "Keeps the ledger and the bank\u{2019}s statement alike.", &[(2, "Maintainer")], 197, 2),
    service("Refund Runner", "Pays refunds out in batches of a hundred.", &[(2, "Viewer")], 150, 11),
    service("Warehouse Loader", "Loads the warehouse, hour by hour.", &[(1, "Maintainer"), (5, "Viewer")], 196, 1),
    service("Schema Registry Sync", "Tells every consumer when a schema changes.", &[(1, "Viewer")], 181, 4),
    service("Event Archive", "Puts events older than a month into cold storage.", &[(1, "Viewer")], 160, 4),
    service("Row Checker", "Counts rows on both ends and complains.", &[(5, "Maintainer"), (1, "Viewer")], 159, 1),
    service("Certificate Renewer", "Renews certificates thirty days before they end.", &[(3, "Maintainer")], 190, 3),
    service("Secret Scanner", "Looks for tokens in repositories, and reports them.", &[(3, "Viewer")], 140, 3),
    service("Access Reviewer", "Writes the list of who may do what, each quarter.", &[(3, "Token Auditor")], 121, 3),
    service("Image Resizer", "Makes five sizes of every picture.", &[(4, "Viewer")], 177, 5),
    service("Feature Flags", "Reads the flags at each deployment of the shop.", &[(4, "Editor")], 170, 5),
    service(
        "Price Feed",
        "Fetches prices for the shop, every quarter of an hour.",
        &[(4, "Viewer"), (2, "Viewer")],
        95,
        1,
    ),
    service("Ticket Importer", "Brings tickets from the old system over.", &[(6, "Viewer")], 168, 7),
    service(
        "Metrics Collector",
        "Asks everything how it is, every ten seconds.",
        &[(7, "Viewer"), (0, "Viewer")],
        193,
        1,
    ),
    service("Nightly Backup", "Backs up, and reads back what it wrote.", &[(7, "Maintainer")], 192, 8),
    service("Pager Bridge", "Turns alerts into calls.", &[(7, "Viewer")], 130, 8),
    Machine {
        role: OrgRole::Manager,
        ..service("Directory Sync", "Makes accounts for who joins.", &[(3, "Owner")], 187, 0)
    },
    service("Load Test", "Buys a thousand things and takes them back.", &[(0, "Viewer")], 60, 0),
    // Cannot do anything yet, each for another reason.
    service("Sandbox Runner", "For trying things out.", &[], 9, 1),
    service("Partner Gateway", "Will let partners ask for stock.", &[(2, "Viewer")], 3, 2),
    // The contact of these has left.
    Machine {
        contact: Some(22),
        ..service("Forecast Batch", "Says what will be sold next week.", &[(1, "Viewer")], 155, 4)
    },
    Machine {
        contact: Some(22),
        ..service("Partner Feed", "Sends partners what they asked for.", &[(1, "Editor")], 144, 4)
    },
    agent("Incident Scribe", "Writes down what happened while others mend it.", &[(7, "Viewer")], 86, 8),
    agent("Support Triage", "Reads new tickets and says who should.", &[(6, "Viewer")], 84, 7),
    agent("Code Reviewer", "Comments on changes before people do.", &[(0, "Viewer"), (4, "Viewer")], 70, 0),
    agent("Data Steward", "Answers what a column means.", &[(1, "Viewer"), (5, "Viewer")], 52, 1),
    agent("Ledger Explainer", "Says in a sentence why two numbers differ.", &[(2, "Viewer")], 24, 2),
];

/// How long a token was given.
#[derive(Clone, Copy)]
pub(super) enum Life {
    Days(i64),
    Never,
}

/// What became of a token.
#[derive(Clone, Copy)]
pub(super) enum Fate {
    /// Nothing yet.
    Kept,
    /// Rotated so many hours ago.
    Rotated(i64, Overlap),
    /// Suspended so many days ago.
    Suspended(i64),
    /// Revoked so many days ago.
    Revoked(i64),
}

/// A token of the machine of this name: made so many days ago, and used last so many hours ago.
pub(super) struct Token {
    pub of: &'static str,
    pub name: &'static str,
    pub what: &'static str,
    pub scopes: &'static str,
    pub life: Life,
    pub made: i64,
    pub used: Option<i64>,
    pub fate: Fate,
    pub global_admin: bool,
}

const fn token(
    of: &'static str,
    name: &'static str,
    scopes: &'static str,
    life: Life,
    made: i64,
    used: Option<i64>,
) -> Token {
    Token { of, name, what: "", scopes, life, made, used, fate: Fate::Kept, global_admin: false }
}

use Life::{Days, Never};

/// The tokens to try out stand first.
pub(super) const TOKENS: &[Token] = &[
    token(
        "Release Publisher",
        "main pipeline",
        "service_accounts:read teams:read tokens:read deploy:status.read deploy:releases.start",
        Days(365),
        100,
        Some(1),
    ),
    Token {
        global_admin: true,
        what: "Builds the organisation from its description.",
        ..token("Directory Sync", "infrastructure as code", "", Days(90), 30, Some(6))
    },
    token(
        "Data Steward",
        "assistant",
        "teams:read service_accounts:read catalogue:datasets.read",
        Days(30),
        12,
        Some(2),
    ),
    token("Release Publisher", "hotfix pipeline", "teams:read", Days(365), 98, Some(70 * 24)),
    token(
        "Cluster Autoscaler",
        "cluster north",
        "teams:read deploy:status.read deploy:clusters.drain",
        Days(90),
        80,
        Some(1),
    ),
    token("Cluster Autoscaler", "cluster south", "teams:read", Days(90), 72, Some(1)),
    token("Invoice Exporter", "nightly", "teams:read ledger:entries.read", Days(365), 198, Some(9)),
    Token {
        fate: Fate::Rotated(20, Overlap::Week),
        ..token(
            "Ledger Sync",
            "bank connector",
            "service_accounts:read tokens:read ledger:entries.read ledger:entries.write",
            Days(90),
            89,
            Some(2),
        )
    },
    Token {
        fate: Fate::Rotated(5, Overlap::Day),
        ..token(
            "Warehouse Loader",
            "hourly",
            "teams:read service_accounts:read catalogue:datasets.read catalogue:datasets.annotate ledger:entries.read",
            Days(180),
            175,
            Some(1),
        )
    },
    Token {
        fate: Fate::Suspended(4),
        what: "Suspended while the double refunds are looked into.",
        ..token("Refund Runner", "batch", "teams:read", Days(180), 149, Some(4 * 24 + 3))
    },
    token("Schema Registry Sync", "registry", "teams:read", Never, 181, Some(3)),
    token("Event Archive", "cold storage", "teams:read", Days(90), 120, Some(31 * 24)),
    token("Event Archive", "cold storage 2", "teams:read", Days(90), 31, Some(5)),
    token(
        "Row Checker",
        "both ends",
        "teams:read service_accounts:read catalogue:datasets.read",
        Days(365),
        159,
        Some(12),
    ),
    token(
        "Certificate Renewer",
        "renewals",
        "service_accounts:read service_accounts:update tokens:read",
        Days(365),
        190,
        Some(26),
    ),
    Token {
        fate: Fate::Revoked(44),
        what: "Found in a screenshot.",
        ..token("Secret Scanner", "scanner", "audit:read", Never, 140, Some(45 * 24))
    },
    token("Secret Scanner", "scanner", "audit:read", Days(365), 43, Some(8)),
    token(
        "Access Reviewer",
        "quarterly",
        "tokens:read service_accounts:read teams:read audit:read",
        Days(365),
        121,
        Some(52 * 24),
    ),
    token("Image Resizer", "shop pictures", "", Days(365), 177, Some(160 * 24)),
    token("Feature Flags", "shop", "teams:read deploy:status.read", Days(60), 58, Some(1)),
    token("Feature Flags", "staging", "teams:read", Days(60), 75, Some(16 * 24)),
    token("Price Feed", "prices", "teams:read", Days(365), 95, Some(1)),
    token("Ticket Importer", "import", "teams:read", Never, 168, Some(151 * 24)),
    token("Metrics Collector", "metrics", "service_accounts:read teams:read", Days(365), 193, Some(1)),
    token("Nightly Backup", "backup", "teams:read tokens:read", Days(365), 192, Some(14)),
    token("Nightly Backup", "restore drill", "teams:read tokens:read", Days(365), 130, None),
    Token {
        fate: Fate::Rotated(24 * 19, Overlap::Day),
        ..token("Pager Bridge", "alerts", "teams:read", Days(365), 130, Some(4))
    },
    token("Load Test", "one evening", "teams:read", Days(1), 60, Some(60 * 24 - 3)),
    token("Forecast Batch", "weekly", "teams:read", Days(365), 155, Some(60)),
    token("Partner Feed", "partners", "teams:read service_accounts:read", Days(365), 144, Some(33)),
    token("Incident Scribe", "assistant", "teams:read", Days(90), 86, Some(7)),
    token("Support Triage", "assistant", "teams:read", Days(90), 60, Some(1)),
    token("Code Reviewer", "assistant", "teams:read service_accounts:read", Days(90), 45, Some(1)),
    Token { fate: Fate::Revoked(8), ..token("Ledger Explainer", "trial", "teams:read", Days(30), 24, Some(9 * 24)) },
    token("Ledger Explainer", "assistant", "teams:read ledger:entries.read", Days(30), 8, None),
];
