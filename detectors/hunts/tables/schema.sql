-- The three tables every hunt reads, whatever product wrote the log. Times are UTC without a zone.
-- What a product does not tell is NULL, never a guess.

CREATE TABLE sign_in (
    provider VARCHAR,          -- entra, okta, auth0
    time TIMESTAMP,
    event_id VARCHAR,
    kind VARCHAR,              -- interactive, non_interactive, service, risk (a detection, not a sign-in)
    ok BOOLEAN,
    error VARCHAR,             -- the product's own code
    person_key UBIGINT,        -- hash of provider and user id, else sign-in name: what tables are joined by
    user_id VARCHAR,
    user_name VARCHAR,
    ip VARCHAR,
    asn BIGINT,
    as_org VARCHAR,
    network VARCHAR,           -- AS and number; without one the /24 or /48 the address is in
    country VARCHAR,
    city VARCHAR,
    lat DOUBLE,
    lon DOUBLE,
    agent VARCHAR,
    os VARCHAR,                -- windows, macos, ios, android, linux, chromeos
    browser VARCHAR,
    device VARCHAR,            -- Entra's device id, Okta's device id, else the hash of its device token
    session_id VARCHAR,        -- Entra's SessionId, Okta's externalSessionId, Auth0's only as a digest
    session_key UBIGINT,
    app_id VARCHAR,
    app_name VARCHAR,
    protocol VARCHAR,          -- deviceCode, ...
    transfer VARCHAR,          -- Entra: how the tokens first came to be (deviceCodeFlow, ...)
    incoming_token VARCHAR,
    binding VARCHAR,           -- Entra token protection: bound, unbound
    risk VARCHAR,              -- low, medium, high
    risk_state VARCHAR,
    anonymous BOOLEAN          -- the product says: an anonymous proxy
);

CREATE TABLE token (
    provider VARCHAR,
    time TIMESTAMP,
    event_id VARCHAR,
    event VARCHAR,             -- the product's own name of the event
    kind VARCHAR,              -- code_exchange, refresh_exchange, reuse, refused, grant
    ok BOOLEAN,
    person_key UBIGINT,        -- hash of provider and user id, else sign-in name: what tables are joined by
    user_id VARCHAR,
    user_name VARCHAR,
    client_id VARCHAR,
    client_name VARCHAR,
    family VARCHAR,            -- the family of a rotating refresh token, where it is told
    ip VARCHAR,
    asn BIGINT,
    as_org VARCHAR,
    network VARCHAR,
    country VARCHAR,
    city VARCHAR,
    lat DOUBLE,
    lon DOUBLE,
    agent VARCHAR,
    os VARCHAR,
    session_id VARCHAR,
    anonymous BOOLEAN
);

CREATE TABLE audit (
    provider VARCHAR,
    time TIMESTAMP,
    event_id VARCHAR,
    operation VARCHAR,
    ok BOOLEAN,
    actor_id VARCHAR,
    actor_name VARCHAR,        -- of a user
    actor_app VARCHAR,         -- of an application that acted
    target_id VARCHAR,
    target_name VARCHAR,
    target_kind VARCHAR,
    ip VARCHAR,
    network VARCHAR,
    agent VARCHAR,
    changes JSON,              -- [{"name":, "old":, "new":}] as far as the product tells
    details VARCHAR,           -- what else it says, as JSON text
    anonymous BOOLEAN,
    isp VARCHAR
);
