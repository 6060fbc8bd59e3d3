with final as (
    select
        shares.method,
        shares.group_code,
        shares.share
    from (
        values
        ('50/30/20', 'need', 50),
        ('50/30/20', 'want', 30),
        ('50/30/20', 'saving', 20),
        ('60/20/20', 'need', 60),
        ('60/20/20', 'want', 20),
        ('60/20/20', 'saving', 20)
    ) as shares (method, group_code, share)
)

select * from final
