//! `Idempotency-Key`, on every write: read here, told of in the OpenAPI document here.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpMessage, HttpRequest};
use serde_json::json;
use utoipa::Modify;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{OpenApi, Ref, RefOr, Required};

use super::ApiError;
use super::body::Digest;
use crate::model::idempotency::{Key, Keyed};

const KEY: &str = "Idempotency-Key";

/// Marks an answer that was given before.
pub const REPLAYED: &str = "Idempotent-Replayed";

/// The request under its key, where it has one.
///
/// # Errors
/// 400 where the header is no key, or stands there twice.
pub fn keyed(request: &HttpRequest) -> Result<Option<Keyed>, ApiError> {
    let bad = |why: &str| ApiError::new(StatusCode::BAD_REQUEST, why);
    let mut values = request.headers().get_all(KEY);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(bad("Idempotency-Key is given twice. Send one."));
    }
    let key: Key = value.to_str().unwrap_or_default().trim().parse().map_err(bad)?;
    let if_match = request.headers().get(header::IF_MATCH).map_or(&b""[..], |value| value.as_bytes());
    let body = request.extensions().get::<Digest>().map_or([0; 32], |digest| digest.0);
    Ok(Some(Keyed::new(key, &[request.method().as_str().as_bytes(), request.path().as_bytes(), if_match, &body])))
}

/// The key came with another request before.
pub fn other_request() -> ApiError {
    ApiError::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "Nothing was written, because this Idempotency-Key came with another request before. Send each request with a key of its \
         own, and repeat it exactly as it was.",
    )
}

/// Has every write tell of the key, so that none is forgotten.
pub struct Idempotent;

impl Modify for Idempotent {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        components.parameters.insert(KEY.into(), RefOr::T(parameter()));
        let header = HeaderBuilder::new()
            .schema(Some(ObjectBuilder::new().schema_type(Type::Boolean)))
            .description(Some("`true` where this was answered before and nothing was done again."));
        components.headers.insert(REPLAYED.into(), RefOr::T(header.build()));
        for path in document.paths.paths.values_mut() {
            let writes = [&mut path.post, &mut path.put, &mut path.patch, &mut path.delete];
            // A key belongs to the token that sent it; what wants no token takes none.
            writes.into_iter().flatten().filter(|operation| operation.security.is_none()).for_each(tell);
        }
    }
}

fn parameter() -> Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(255));
    ParameterBuilder::new()
        .name(KEY)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "A name of the client's own for this one request, such as a new UUID, as it is or in quotes. Sent again by the same token \
             within 24 hours, the same request is answered the same and does nothing; secrets are not told again.",
        ))
        .schema(Some(text))
        .example(Some(json!("8e03978e-40d5-43e8-bc93-6894a57f9326")))
        .build()
}

fn tell(operation: &mut Operation) {
    let parameters = operation.parameters.get_or_insert_default();
    parameters.push(RefOr::Ref(Ref::new(format!("#/components/parameters/{KEY}"))));
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && status.starts_with('2')
        {
            let header = Ref::new(format!("#/components/headers/{REPLAYED}"));
            response.headers.insert(REPLAYED.into(), RefOr::Ref(header));
        }
    }
}
