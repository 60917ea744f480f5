"""Sign-in through OpenID Connect, when an [auth] section of Streamlit's secrets configures it."""

import streamlit as st


def configured() -> bool:
    """Whether planners have to sign in."""
    try:
        return "auth" in st.secrets
    except FileNotFoundError:  # no secrets at all
        return False


def signed_in() -> bool:
    """Whether the page may be shown; a page to sign in is shown otherwise."""
    if not configured() or st.user.is_logged_in:
        return True
    st.title("procure")
    st.write("Which accelerator capacity to order, where, when and under which contract.")
    st.button("Sign in", on_click=st.login, type="primary", icon=":material/login:")
    return False
