-- A guard against mistakes: the grants alone keep it from writing.
ALTER ROLE {reader} SET default_transaction_read_only = on;
ALTER ROLE {reader} SET statement_timeout = '60s';
ALTER ROLE {reader} SET idle_in_transaction_session_timeout = '60s'
