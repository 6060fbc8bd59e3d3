-- Methods that share by group; the others go by categories, and where they know nothing, by the first of these.
with final as (
    select
        method_shares.method,
        method_shares.group_code,
        method_shares.share
    from (
        values
        ('50/30/20', 'need', 50),
        ('50/30/20', 'want', 30),
        ('50/30/20', 'saving', 20),
        ('60/20/20', 'need', 60),
        ('60/20/20', 'want', 20),
        ('60/20/20', 'saving', 20)
    ) as method_shares (method, group_code, share)
)

select * from final
