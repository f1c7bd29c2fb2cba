DROP TABLE outbox;
DROP TABLE token_leaks;
DROP TABLE token_makers;
