//! Tables as diesel sees them: the same on both databases (migrations/{sqlite,postgres}).

#![allow(missing_docs, reason = "columns are described where they are made, in migrations/")]

diesel::table! {
    programs (id) {
        id -> BigInt,
        code -> Text,
        created_at_us -> BigInt,
    }
}

diesel::table! {
    program_versions (program_id, version) {
        program_id -> BigInt,
        version -> BigInt,
        effective_from_us -> Nullable<BigInt>,
        archived_at_us -> Nullable<BigInt>,
        document -> Text,
        created_at_us -> BigInt,
        created_by -> Text,
    }
}

diesel::table! {
    readiness (id) {
        id -> BigInt,
        asked_at_us -> BigInt,
        times -> BigInt,
    }
}

diesel::table! {
    recomputes (id) {
        id -> BigInt,
        program_id -> BigInt,
        from_us -> Nullable<BigInt>,
        after_sale_source -> Nullable<SmallInt>,
        after_sale_model -> Nullable<SmallInt>,
        after_sale_id -> Nullable<BigInt>,
        created_at_us -> BigInt,
        partner_id -> Nullable<BigInt>,
        requested_by -> Nullable<Text>,
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    partners (source, id) {
        source -> SmallInt,
        id -> BigInt,
        name -> Text,
        commercial_partner_id -> BigInt,
        company_id -> Nullable<BigInt>,
        active -> Bool,
        tag_ids -> Text,
    }
}

diesel::table! {
    products (source, id) {
        source -> SmallInt,
        id -> BigInt,
        name -> Text,
        product_category_id -> Nullable<BigInt>,
        pos_category_ids -> Text,
        active -> Bool,
        tag_ids -> Text,
    }
}

diesel::table! {
    categories (source, tree, id) {
        source -> SmallInt,
        tree -> Text,
        id -> BigInt,
        name -> Text,
        parent_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    pos_configs (source, id) {
        source -> SmallInt,
        id -> BigInt,
        name -> Text,
        company_id -> BigInt,
        currency -> Text,
        tip_product_id -> Nullable<BigInt>,
        active -> Bool,
        neutral_product_ids -> Text,
    }
}

diesel::table! {
    companies (source, id) {
        source -> SmallInt,
        id -> BigInt,
        parent_ids -> Text,
    }
}

diesel::table! {
    currencies (source, code) {
        source -> SmallInt,
        code -> Text,
        decimals -> BigInt,
    }
}

diesel::table! {
    held_withdrawals (source) {
        source -> SmallInt,
        gone -> BigInt,
        replaced -> BigInt,
        unpaid -> BigInt,
        members -> BigInt,
        points_e2 -> BigInt,
        newest_order_id -> BigInt,
        most -> BigInt,
        since_us -> BigInt,
    }
}

diesel::table! {
    orders (source, model, id) {
        source -> SmallInt,
        model -> SmallInt,
        id -> BigInt,
        uuid -> Nullable<Binary>,
        uuid_key -> Nullable<BigInt>,
        name -> Text,
        reference -> Nullable<Text>,
        state -> SmallInt,
        placed_at_us -> BigInt,
        partner_id -> Nullable<BigInt>,
        partner_tag_ids -> Nullable<Text>,
        wallet_partner_id -> Nullable<BigInt>,
        company_id -> BigInt,
        currency -> Text,
        pos_config_id -> Nullable<BigInt>,
        total_incl_e4 -> BigInt,
        line_count -> BigInt,
        digest -> Nullable<Binary>,
        ignored -> Bool,
        links_refunds -> Bool,
        hold_field_missing -> Bool,
        lines -> Binary,
    }
}

diesel::table! {
    partner_merges (source, partner_id) {
        source -> SmallInt,
        partner_id -> BigInt,
        into_partner_id -> BigInt,
        recorded_at_us -> BigInt,
    }
}

diesel::table! {
    account_transfers (id) {
        id -> BigInt,
        from_account_id -> BigInt,
        from_sequence -> BigInt,
        to_account_id -> BigInt,
        to_sequence -> BigInt,
        recorded_at_us -> BigInt,
    }
}

diesel::table! {
    order_line_blocks (sale_source, sale_model, block, sale_id) {
        sale_source -> SmallInt,
        sale_model -> SmallInt,
        block -> BigInt,
        sale_id -> BigInt,
    }
}

diesel::table! {
    order_refunds (sale_source, sale_model, refunded_line_id, sale_id) {
        sale_source -> SmallInt,
        sale_model -> SmallInt,
        refunded_line_id -> BigInt,
        sale_id -> BigInt,
    }
}

diesel::table! {
    order_holds (hold_id, sale_source, sale_model, sale_id) {
        hold_id -> Binary,
        sale_source -> SmallInt,
        sale_model -> SmallInt,
        sale_id -> BigInt,
    }
}

diesel::table! {
    neutral_products (source, product_id) {
        source -> SmallInt,
        product_id -> BigInt,
    }
}

diesel::table! {
    memberships (source, partner_id, program_id, enrolled_at_us) {
        source -> SmallInt,
        partner_id -> BigInt,
        program_id -> BigInt,
        enrolled_at_us -> BigInt,
        left_at_us -> Nullable<BigInt>,
        enrolled_by -> Text,
        left_by -> Nullable<Text>,
    }
}

diesel::table! {
    accounts (id) {
        id -> BigInt,
        source -> SmallInt,
        partner_id -> BigInt,
        program_id -> BigInt,
        balance_e2 -> BigInt,
        entry_count -> BigInt,
        last_hash -> Binary,
        lots -> Binary,
        first_lot_ends_us -> Nullable<BigInt>,
        debt_exception_id -> Nullable<Text>,
    }
}

diesel::table! {
    entries (id) {
        id -> Binary,
        account_id -> BigInt,
        sequence -> BigInt,
        kind -> SmallInt,
        points_e2 -> BigInt,
        balance_after_e2 -> BigInt,
        occurred_at_us -> BigInt,
        recorded_at_us -> BigInt,
        cause_model -> SmallInt,
        cause_id -> Nullable<BigInt>,
        cause_uuid -> Nullable<Binary>,
        program_version -> Nullable<BigInt>,
        sale_source -> Nullable<SmallInt>,
        sale_model -> Nullable<SmallInt>,
        sale_id -> Nullable<BigInt>,
        hold_id -> Nullable<Binary>,
        document_key -> Nullable<BigInt>,
        lots -> Nullable<Binary>,
        earned -> Nullable<Text>,
        reverses -> Nullable<Binary>,
        texts_sha256 -> Binary,
        hash -> Binary,
    }
}

diesel::table! {
    entry_texts (entry_id) {
        entry_id -> Binary,
        salt -> Binary,
        cause_name -> Text,
        reason -> Nullable<Text>,
        actor -> Text,
        on_behalf_of -> Nullable<Text>,
    }
}

diesel::table! {
    redactions (entry_id) {
        entry_id -> Binary,
        redacted_at_us -> BigInt,
        redacted_by -> Text,
        ground -> Text,
        head_before -> Binary,
        head_after -> Binary,
    }
}

diesel::table! {
    order_postings (sale_source, sale_model, sale_id, account_id) {
        sale_source -> SmallInt,
        sale_model -> SmallInt,
        sale_id -> BigInt,
        account_id -> BigInt,
        earned_e2 -> BigInt,
    }
}

diesel::table! {
    holds (id) {
        id -> Binary,
        account_id -> BigInt,
        sale_source -> SmallInt,
        sale_model -> SmallInt,
        order_uuid -> Binary,
        order_key -> BigInt,
        program_version -> BigInt,
        reward -> Text,
        points_e2 -> BigInt,
        discount_e4 -> BigInt,
        product_id -> Nullable<BigInt>,
        covered_quantity_e6 -> BigInt,
        add_quantity_e6 -> BigInt,
        price_e4 -> Nullable<BigInt>,
        covers -> Nullable<Text>,
        lines -> Nullable<Binary>,
        created_at_us -> BigInt,
        expires_at_us -> BigInt,
        ended_as -> Nullable<SmallInt>,
        ended_at_us -> Nullable<BigInt>,
        reason -> Nullable<Text>,
        restored_e2 -> BigInt,
        replaces -> Nullable<Binary>,
        carried_points_e2 -> Nullable<BigInt>,
        carried_good_at_us -> Nullable<BigInt>,
        actor -> Text,
        reply_key -> Nullable<BigInt>,
        reply_key_sha256 -> Nullable<Binary>,
        params_sha256 -> Nullable<Binary>,
        reply_terms -> Nullable<Binary>,
    }
}

diesel::table! {
    open_holds (account_id, hold_id) {
        account_id -> BigInt,
        hold_id -> Binary,
        points_e2 -> BigInt,
        created_at_us -> BigInt,
        expires_at_us -> BigInt,
        carried_points_e2 -> Nullable<BigInt>,
        carried_good_at_us -> Nullable<BigInt>,
    }
}

diesel::table! {
    recorded_replies (key_sha256) {
        key_sha256 -> Binary,
        params_sha256 -> Binary,
        reply -> Text,
        recorded_at_us -> BigInt,
        refusal -> Bool,
    }
}

diesel::table! {
    exceptions (id) {
        id -> Text,
        dedupe_key -> Text,
        kind -> Text,
        partner_id -> Nullable<BigInt>,
        sale_source -> Nullable<SmallInt>,
        sale_model -> Nullable<SmallInt>,
        sale_id -> Nullable<BigInt>,
        order_uuid -> Nullable<Text>,
        order_name -> Nullable<Text>,
        detail -> Text,
        at_us -> BigInt,
        state -> Text,
        resolved_at_us -> Nullable<BigInt>,
        resolved_by -> Nullable<Text>,
        note -> Nullable<Text>,
        resolved_on_behalf_of -> Nullable<Text>,
    }
}

diesel::table! {
    tokens (prefix) {
        prefix -> Text,
        role -> Text,
        name -> Text,
        secret_sha256 -> Text,
        created_at_us -> BigInt,
        revoked_at_us -> Nullable<BigInt>,
    }
}

diesel::table! {
    cursors (source, stream) {
        source -> SmallInt,
        stream -> Text,
        high_water_us -> BigInt,
    }
}

diesel::table! {
    leases (name) {
        name -> Text,
        term -> BigInt,
        holder -> Nullable<Text>,
        renewed_at_us -> BigInt,
        lasts_us -> BigInt,
        busy -> Bool,
        wanted_by -> Nullable<Text>,
        wanted_at_us -> Nullable<BigInt>,
    }
}

diesel::table! {
    sync_passes (source) {
        source -> SmallInt,
        began_at_us -> Nullable<BigInt>,
        ended_at_us -> Nullable<BigInt>,
        last_error -> Nullable<Text>,
        odoo_reachable -> Bool,
        odoo_version -> Nullable<Text>,
        captures_reviewed_us -> Nullable<BigInt>,
        login_refused -> Bool,
        login_accepted_us -> Nullable<BigInt>,
        key_ends_us -> Nullable<BigInt>,
        key_is_sure -> Bool,
    }
}

diesel::table! {
    odoo_places (source, model, id) {
        source -> SmallInt,
        model -> Text,
        id -> BigInt,
        name -> Text,
        hidden_orders -> BigInt,
    }
}

diesel::table! {
    future_records (source, model) {
        source -> SmallInt,
        model -> Text,
        records -> BigInt,
        latest_id -> BigInt,
        latest_name -> Text,
        latest_written_at_us -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    accounts,
    categories,
    currencies,
    cursors,
    entries,
    entry_texts,
    exceptions,
    holds,
    open_holds,
    order_holds,
    order_line_blocks,
    order_postings,
    order_refunds,
    orders,
    partners,
    pos_configs,
    products,
    program_versions,
    programs,
    recomputes,
    tokens,
    recorded_replies
);
