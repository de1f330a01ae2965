"""Mail: from an Email and a contact to what leaves by SMTP. fields → html → links → render → send."""
