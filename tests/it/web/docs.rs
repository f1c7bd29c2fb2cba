//! The documentation of the API.

use std::collections::BTreeSet;

#[tokio::test]
async fn anybody_reads_all_of_the_document_and_every_link_leads_somewhere() {
    let app = crate::support::TestApp::start(crate::support::Flavour::Sqlite).await;
    let page = app.visitor().get("/api/docs").await;
    assert_eq!(page.status, 200);
    let document = app.api("").get("/api/openapi.json").await.body;
    let mut told = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            let summary = page.inner(&format!("details:has([id='{id}']) summary")).unwrap_or_default();
            for word in [method.to_uppercase().as_str(), path, operation["summary"].as_str().unwrap()] {
                assert!(summary.contains(word), "{id}: {word} in {summary}");
            }
            told += 1;
        }
    }
    assert_eq!(page.count("details"), told);
    assert!(page.has("Idempotency-Key") && page.has(&format!("{}/api/v1/me", app.url)));
    let links: BTreeSet<_> = page.body.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(links.len() > 30);
    for link in links {
        assert_eq!(page.count(&format!("[id='{link}']")), 1, "#{link}");
    }
    for schema in document["components"]["schemas"].as_object().unwrap().keys() {
        assert_eq!(page.count(&format!("[id='schema-{schema}']")), 1, "{schema}");
    }
    assert_eq!(page.count("td.main code:empty"), 0, "every parameter and field has a name");
}
