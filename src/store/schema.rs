//! The tables, the same for both databases. Times are Unix microseconds.

diesel::table! {
    teams (id) {
        id -> BigInt,
        uuid -> Text,
        name -> Text,
        name_key -> Text,
        description -> Text,
        created_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    users (id) {
        id -> BigInt,
        uuid -> Text,
        kind -> Text,
        username -> Text,
        username_key -> Text,
        display_name -> Text,
        display_name_key -> Text,
        email -> Text,
        email_key -> Text,
        role -> Text,
        disabled_at -> Nullable<BigInt>,
        description -> Text,
        contact_id -> Nullable<BigInt>,
        home_team_id -> Nullable<BigInt>,
        password_hash -> Nullable<Text>,
        created_at -> BigInt,
        updated_at -> BigInt,
        last_seen_at -> BigInt,
        version -> BigInt,
        search -> Text,
        sponsor_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    user_counts (kind, role) {
        kind -> Text,
        role -> Text,
        n -> BigInt,
    }
}

diesel::table! {
    team_counts (team_id, machine) {
        team_id -> BigInt,
        machine -> Bool,
        n -> BigInt,
    }
}

diesel::table! {
    role_counts (role_id) {
        role_id -> BigInt,
        n -> BigInt,
    }
}

diesel::table! {
    applications (id) {
        id -> BigInt,
        uuid -> Text,
        slug -> Text,
        name -> Text,
        name_key -> Text,
        description -> Text,
        home_team_id -> BigInt,
        audience -> Text,
        created_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    application_scopes (id) {
        id -> BigInt,
        application_id -> BigInt,
        name -> Text,
        description -> Text,
        level -> Text,
    }
}

diesel::table! {
    application_teams (application_id, team_id) {
        application_id -> BigInt,
        team_id -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    application_secrets (hash) {
        hash -> Binary,
        application_id -> BigInt,
        hint -> Text,
        created_by -> Text,
        created_at -> BigInt,
        ends_at -> Nullable<BigInt>,
        last_used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    token_scopes (token_id, scope_id) {
        token_id -> BigInt,
        scope_id -> BigInt,
    }
}

diesel::table! {
    check_changes (n) {
        n -> BigInt,
        kind -> Text,
        id -> Nullable<BigInt>,
    }
}

diesel::table! {
    memberships (user_id, team_id) {
        user_id -> BigInt,
        team_id -> BigInt,
        role_id -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    roles (id) {
        id -> BigInt,
        name -> Text,
        name_key -> Text,
        description -> Text,
        permissions -> Text,
        level -> Text,
        created_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    settings (id) {
        id -> BigInt,
        only_admins_manage_machines -> Bool,
        version -> BigInt,
        personal_tokens -> Bool,
        personal_max_days -> Nullable<BigInt>,
        service_max_days -> Nullable<BigInt>,
        agent_max_days -> Nullable<BigInt>,
        allow_never -> Bool,
        default_days -> Nullable<BigInt>,
        dormant_days -> Nullable<BigInt>,
        agents_stopped_at -> Nullable<BigInt>,
        agents_resumed_at -> Nullable<BigInt>,
        audit_keep_days -> Nullable<BigInt>,
    }
}

diesel::table! {
    tokens (id) {
        id -> BigInt,
        uuid -> Text,
        user_id -> BigInt,
        name -> Text,
        name_key -> Text,
        description -> Text,
        kind -> Text,
        global_admin -> Bool,
        scopes -> Text,
        limited -> Bool,
        hint -> Text,
        expires_at -> Nullable<BigInt>,
        created_by -> Text,
        parent_id -> Nullable<BigInt>,
        created_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
        last_used_address -> Nullable<Text>,
        last_used_agent -> Nullable<Text>,
        revoked_at -> Nullable<BigInt>,
        version -> BigInt,
        suspended_at -> Nullable<BigInt>,
        rotated_at -> Nullable<BigInt>,
        renewed_at -> Nullable<BigInt>,
        networks -> Text,
        active_at -> BigInt,
        suspended_for -> Nullable<Text>,
        search -> Text,
        last_used_for -> Nullable<Text>,
    }
}

diesel::table! {
    token_secrets (hash) {
        hash -> Binary,
        token_id -> BigInt,
        hint -> Text,
        ends_at -> Nullable<BigInt>,
        ended -> Bool,
        last_used_at -> Nullable<BigInt>,
        last_used_address -> Nullable<Text>,
        last_used_agent -> Nullable<Text>,
        passed_on -> Bool,
    }
}

diesel::table! {
    token_teams (token_id, team_id) {
        token_id -> BigInt,
        team_id -> BigInt,
    }
}

diesel::table! {
    sessions (id) {
        id -> BigInt,
        key_hash -> Binary,
        user_id -> BigInt,
        data -> Text,
        created_at -> BigInt,
        last_seen_at -> BigInt,
        expires_at -> BigInt,
        authenticated_at -> BigInt,
        address -> Nullable<Text>,
        user_agent -> Nullable<Text>,
    }
}

diesel::table! {
    links (id) {
        id -> BigInt,
        purpose -> Text,
        user_id -> Nullable<BigInt>,
        secret_hash -> Binary,
        issued_by -> Nullable<BigInt>,
        created_at -> BigInt,
        expires_at -> BigInt,
        issued_by_token -> Nullable<BigInt>,
    }
}

diesel::table! {
    reset_asks (id) {
        id -> BigInt,
        user_id -> BigInt,
        asked_at -> BigInt,
    }
}

diesel::table! {
    form_keys (key_hash) {
        key_hash -> Binary,
        made_id -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    idempotency (key_hash) {
        key_hash -> Binary,
        token_id -> BigInt,
        request_hash -> Binary,
        status -> Integer,
        location -> Nullable<Text>,
        version -> Nullable<BigInt>,
        body -> Nullable<Text>,
        created_at -> BigInt,
    }
}

diesel::table! {
    audit (seq) {
        seq -> BigInt,
        at -> BigInt,
        actor_kind -> Text,
        actor_id -> Nullable<BigInt>,
        actor_name -> Text,
        token_id -> Nullable<BigInt>,
        token_name -> Nullable<Text>,
        action -> Text,
        target_kind -> Nullable<Text>,
        target_id -> Nullable<BigInt>,
        target_name -> Nullable<Text>,
        outcome -> Text,
        reason -> Nullable<Text>,
        before -> Nullable<Text>,
        after -> Nullable<Text>,
        address -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        request_id -> Nullable<Text>,
        mac -> Binary,
    }
}

diesel::table! {
    audit_teams (team_id, seq) {
        team_id -> BigInt,
        seq -> BigInt,
    }
}

diesel::table! {
    audit_words (seq) {
        seq -> BigInt,
        target_key -> Nullable<Text>,
        token_key -> Nullable<Text>,
        text -> Text,
    }
}

diesel::table! {
    audit_facets (action, actor_kind, outcome, target_kind) {
        action -> Text,
        actor_kind -> Text,
        outcome -> Text,
        target_kind -> Text,
    }
}

diesel::table! {
    audit_hours (hour) {
        hour -> BigInt,
        first_seq -> BigInt,
        last_seq -> BigInt,
    }
}

diesel::table! {
    audit_boundary (id) {
        id -> BigInt,
        seq -> BigInt,
        mac -> Binary,
        at -> BigInt,
        seal -> Binary,
    }
}

diesel::table! {
    former_secrets (hash) {
        hash -> Binary,
        token_id -> BigInt,
        ends_at -> BigInt,
        passed_on -> Bool,
    }
}

diesel::table! {
    token_makers (token_id, maker_id) {
        token_id -> BigInt,
        maker_id -> BigInt,
        at -> BigInt,
    }
}

diesel::table! {
    token_leaks (token_id) {
        token_id -> BigInt,
        at -> BigInt,
        found_at -> Text,
        what -> Text,
    }
}

diesel::table! {
    outbox (id) {
        id -> BigInt,
        uuid -> Text,
        event -> Text,
        user_id -> BigInt,
        token_id -> Nullable<BigInt>,
        payload -> Text,
        created_at -> BigInt,
        next_try_at -> Nullable<BigInt>,
        done_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    scope_uses (token_id, scope) {
        token_id -> BigInt,
        scope -> Text,
        added_at -> Nullable<BigInt>,
        last_used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    scope_watch (id) {
        id -> BigInt,
        since -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    teams,
    users,
    memberships,
    roles,
    settings,
    tokens,
    token_secrets,
    token_teams,
    sessions,
    links,
    reset_asks,
    form_keys,
    idempotency,
    audit,
    audit_teams,
    former_secrets,
    token_makers,
    token_leaks,
    outbox,
    scope_uses,
    scope_watch,
    applications,
    application_scopes,
    application_teams,
    application_secrets,
    token_scopes,
    check_changes
);
diesel::joinable!(memberships -> teams (team_id));
diesel::joinable!(memberships -> users (user_id));
diesel::joinable!(memberships -> roles (role_id));
diesel::joinable!(tokens -> users (user_id));
diesel::joinable!(audit_teams -> audit (seq));
diesel::joinable!(token_secrets -> tokens (token_id));
diesel::joinable!(former_secrets -> tokens (token_id));
diesel::joinable!(token_leaks -> tokens (token_id));
