//! Names that nobody's records hold: as many as there may ever be accounts, all different.

/// The domain of the organisation (RFC 2606, section 2).
pub(super) const DOMAIN: &str = "brackenmere.example";

const GIVEN: &[&str] = &[
    "Ada", "Ama", "Anouk", "Arun", "Astrid", "Aylin", "Bao", "Beatriz", "Bilal", "Birgit", "Callum", "Carmen", "Chidi",
    "Chiara", "Dagny", "Dalia", "Deniz", "Dmitri", "Edda", "Eero", "Elif", "Emre", "Esther", "Fatou", "Fergus",
    "Freya", "Gita", "Goran", "Greta", "Hana", "Haruki", "Hilde", "Ibrahim", "Imani", "Ines", "Ivo", "Jadwiga",
    "Jamal", "Jonas", "Juno", "Kaia", "Kamal", "Kerstin", "Kofi", "Laila", "Lars", "Leila", "Lucia", "Maeve", "Malik",
    "Marisol", "Mei", "Milan", "Nadia", "Nia", "Niko", "Noor", "Odile", "Olga", "Omar", "Oskar", "Paloma", "Pavel",
    "Petra", "Quentin", "Rafael", "Rania", "Renske", "Rohan", "Rosa", "Sana", "Sander", "Selma", "Shira", "Sigrid",
    "Sione", "Soren", "Sunita", "Tadeusz", "Tamar", "Tariq", "Thandi", "Tomas", "Ulla", "Umar", "Vera", "Viktor",
    "Wanda", "Wen", "Xenia", "Yara", "Yusuf", "Zainab", "Zoltan", "Zuri",
];

const FAMILY: &[&str] = &[
    "Adeyemi",
    "Almgren",
    "Amsel",
    "Andrade",
    "Bakker",
    "Banerjee",
    "Barros",
    "Bellweather",
    "Berisha",
    "Birkeland",
    "Bramble",
    "Castellan",
    "Chaudhry",
    "Cordova",
    "Dahlgren",
    "Dembele",
    "Drummond",
    "Eckhart",
    "Ekholm",
    "Eriksen",
    "Farrow",
    "Ferreira",
    "Fonseca",
    "Galanis",
    "Garrick",
    "Goldwater",
    "Greaves",
    "Hallberg",
    "Haruna",
    "Heskin",
    "Holloway",
    "Ibarra",
    "Ilves",
    "Iversen",
    "Jankowski",
    "Jaramillo",
    "Joubert",
    "Kallio",
    "Kaplan",
    "Karimi",
    "Kestrel",
    "Kowalczyk",
    "Lagerfelt",
    "Larkin",
    "Lindqvist",
    "Lozano",
    "Maddox",
    "Mbeki",
    "Mendel",
    "Mirza",
    "Moreau",
    "Nakagawa",
    "Navarro",
    "Nyberg",
    "Obando",
    "Okafor",
    "Okonjo",
    "Osei",
    "Palander",
    "Pereira",
    "Petrosyan",
    "Quist",
    "Quiroga",
    "Rasmus",
    "Reinholt",
    "Rosales",
    "Rutherglen",
    "Sallow",
    "Sandoval",
    "Sarkis",
    "Sato",
    "Solheim",
    "Tamura",
    "Thorne",
    "Toivonen",
    "Tremaine",
    "Ugarte",
    "Underhill",
    "Vasquez",
    "Verhoeven",
    "Vestergaard",
    "Wainwright",
    "Waltari",
    "Whitlock",
    "Wilde",
    "Yamane",
    "Ylonen",
    "Zamora",
    "Zeller",
    "Zielinski",
];

const SYSTEMS: &[&str] = &[
    "Account",
    "Alert",
    "Archive",
    "Backup",
    "Billing",
    "Build",
    "Cache",
    "Catalogue",
    "Certificate",
    "Checkout",
    "Claims",
    "Config",
    "Consent",
    "Contract",
    "Coverage",
    "Customer",
    "Dashboard",
    "Delivery",
    "Deploy",
    "Device",
    "Document",
    "Event",
    "Export",
    "Feature",
    "Forecast",
    "Fraud",
    "Gateway",
    "Grid",
    "Image",
    "Import",
    "Index",
    "Inventory",
    "Invoice",
    "Ledger",
    "Licence",
    "Location",
    "Log",
    "Mail",
    "Market",
    "Metrics",
    "Model",
    "Order",
    "Partner",
    "Payout",
    "Policy",
    "Portal",
    "Pricing",
    "Print",
    "Profile",
    "Queue",
    "Quota",
    "Refund",
    "Registry",
    "Release",
    "Report",
    "Risk",
    "Route",
    "Schema",
    "Search",
    "Secrets",
    "Sensor",
    "Shipment",
    "Signal",
    "Snapshot",
    "Stock",
    "Survey",
    "Tariff",
    "Telemetry",
    "Ticket",
    "Traffic",
    "Translation",
    "Usage",
    "Vault",
    "Vendor",
    "Warehouse",
    "Webhook",
    "Workflow",
];

const TASKS: &[&str] = &[
    "Auditor",
    "Batch",
    "Bridge",
    "Collector",
    "Crawler",
    "Dispatcher",
    "Exporter",
    "Feed",
    "Importer",
    "Indexer",
    "Janitor",
    "Linter",
    "Loader",
    "Monitor",
    "Notifier",
    "Poller",
    "Publisher",
    "Reader",
    "Relay",
    "Runner",
    "Scanner",
    "Scheduler",
    "Sync",
    "Watcher",
    "Writer",
];

/// Names of teams, the most usual first.
pub(super) const TEAMS: &[&str] = &[
    "Platform",
    "Data Engineering",
    "Payments",
    "Security",
    "Web",
    "Mobile",
    "Data Quality",
    "Customer Support",
    "Billing",
    "Search",
    "Machine Learning",
    "Site Reliability",
    "Identity",
    "Logistics",
    "Warehouse",
    "Partner Integrations",
    "Finance",
    "Compliance",
    "Research",
    "Developer Experience",
    "Networking",
    "Storage",
    "Databases",
    "Release",
    "Quality Assurance",
    "Marketing Systems",
    "People Systems",
    "Fraud",
    "Risk",
    "Pricing",
    "Catalogue",
    "Checkout",
    "Orders",
    "Returns",
    "Notifications",
    "Translations",
    "Accessibility",
    "Internal Tools",
    "Observability",
    "Incident Response",
    "Cloud Costs",
    "Edge",
    "Maps",
    "Forecasting",
    "Experiments",
    "Recommendations",
    "Content",
    "Media",
    "Archive",
    "Field Devices",
    "Telemetry",
    "Energy",
    "Facilities",
    "Procurement",
    "Legal Systems",
    "Training",
    "Community",
    "Documentation",
    "Design Systems",
    "Sandbox",
];

/// The same numbers in another order, so that neighbours do not look alike; `stride` shares no divisor with `len`.
fn spread(index: usize, len: usize, stride: usize) -> usize {
    (index % len).wrapping_mul(stride) % len
}

/// The names of the person with this number: display name and username.
pub(super) fn person(index: usize) -> (String, String) {
    let pairs = GIVEN.len() * FAMILY.len();
    let at = spread(index, pairs, 4_231);
    let (given, family) = (GIVEN[at / FAMILY.len()], FAMILY[at % FAMILY.len()]);
    let (round, name) = (index / pairs, format!("{given} {family}"));
    let name = match round {
        0 => name,
        // Then double names, and after those double names with a number.
        _ => {
            let second = FAMILY[(at + round) % FAMILY.len()];
            let more = round / (FAMILY.len() - 1);
            if more == 0 { format!("{name}-{second}") } else { format!("{name}-{second} {}", more + 1) }
        }
    };
    let username = name.to_lowercase().replace(' ', ".");
    (name, username)
}

/// The name of the service account or agent with this number.
pub(super) fn machine(index: usize) -> String {
    let pairs = SYSTEMS.len() * TASKS.len();
    let at = spread(index, pairs, 1_009);
    let name = format!("{} {}", SYSTEMS[at / TASKS.len()], TASKS[at % TASKS.len()]);
    match index / pairs {
        0 => name,
        round => format!("{name} {}", round + 1),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_are_named_alike() {
        let people = GIVEN.len() * FAMILY.len() * (FAMILY.len() + 1);
        let (mut names, mut usernames) = (HashSet::new(), HashSet::new());
        for (name, username) in (0..people).map(person) {
            assert!(username.len() <= 64, "{username}");
            assert!(usernames.insert(username) && names.insert(name.clone()), "{name}");
        }
        let machines = SYSTEMS.len() * TASKS.len() * 3;
        assert_eq!((0..machines).map(machine).collect::<HashSet<_>>().len(), machines);
    }
}
