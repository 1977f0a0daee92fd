-- Identities: who of which identity provider signs in as which account.
-- This file is frozen: later changes are new files.

CREATE TABLE identity (
    organisation_id BLOB NOT NULL,
    account_id BLOB NOT NULL,
    -- The identifier of the provider.
    issuer TEXT NOT NULL CHECK (length(issuer) BETWEEN 1 AND 2000),
    -- Keyed hash of issuer and subject; unique over all tenants, as it finds its tenant.
    identity_hash BLOB NOT NULL UNIQUE CHECK (length(identity_hash) = 32),
    created_at INTEGER NOT NULL,
    -- One person of a provider for an account.
    PRIMARY KEY (organisation_id, account_id, issuer),
    FOREIGN KEY (organisation_id, account_id) REFERENCES account (organisation_id, id)
) STRICT, WITHOUT ROWID;

-- Whoever could point an identity at another account would be that account.
CREATE TRIGGER identity_keeps_its_account BEFORE UPDATE ON identity
BEGIN
    SELECT RAISE(ABORT, 'an identity is bound for good');
END;
