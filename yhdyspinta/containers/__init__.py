"""What the containers of `docker-compose.yml` need and one machine does not: certificates, secrets in folders of their
owners alone, the demo's front and its year as containers of their own."""
