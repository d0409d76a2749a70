DROP TABLE caseload_views;
DROP TABLE daily_summaries;
